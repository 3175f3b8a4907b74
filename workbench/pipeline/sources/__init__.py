"""Where samples come from: arrays, `.npy` files, class folders, tables."""
