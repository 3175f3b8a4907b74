"""Where time goes and how fast batches come, for any loader. Knows no generators, no widgets."""
