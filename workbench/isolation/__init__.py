"""Leave the user's objects, random state, output and process as they were.

Of the other subpackages, imports `compat` only.
"""
