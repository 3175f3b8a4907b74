"""Images kept for later batches: in memory, on disk, and the buffers of batches."""
