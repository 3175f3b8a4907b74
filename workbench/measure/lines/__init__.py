"""The line profiler: finds the functions that carry the time, runs batches, divides the time."""
