"""Measurements: the engine beside its limit, plain COPY and its rivals, on the same servers in the same run.

Never timed tests.
"""
