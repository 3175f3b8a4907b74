"""Images kept for later batches, in memory or on disk, and the buffers that batches are read into.

Imports what pipeline may import.
"""
