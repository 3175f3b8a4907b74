"""Adapt a user's generator, of any shape, to a `Loader`.

Of the other subpackages, imports `settings` and `isolation` only.
"""
