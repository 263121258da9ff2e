"""The queue that is the case table: claiming, batches, what fails, what dead workers leave, timers, pauses, and what
operators see of it.
"""
