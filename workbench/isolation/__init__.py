"""Leave the user's objects, random state, output and process as they were.

Of the other rooms, imports `compat` only.
"""
