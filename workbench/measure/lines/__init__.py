"""The line profiler: find the functions that take the time, run batches, divide their time.

Imports `loader`, `batch`, `compat`, `isolation` and the rest of `measure`.
"""
