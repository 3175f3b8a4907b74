"""From settings to batches: all that training needs.

Imports settings, compat and isolation only.
"""
