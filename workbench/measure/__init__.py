"""Where time goes and how fast batches come. Works on any loader; knows no generators, no widgets."""
