"""Batches of any structure as pictures with captions, and checks of what they contain.

May import `measure`, `loaders`, `pipeline` and `settings`; works without the `lab` extra.
"""
