"""Where samples come from: arrays, `.npy` files, class folders, tables.

Imports what pipeline may import.
"""
