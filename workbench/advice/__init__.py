"""Replacements for slow idioms in a user's code, timed and compared on the user's own values.

May import `keras_iterators`, `measure`, `loaders`, `pipeline` and `settings`, but neither
`preview` nor `render`.
"""
