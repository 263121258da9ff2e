"""Measurements of the engine beside its limit, plain COPY and its rivals, on the same servers in the same run.

No test depends on how long something takes.
"""
