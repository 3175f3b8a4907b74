"""What to write instead of a slow line of the user's code, proved on the user's own arrays.

`find` takes the hot lines of a profile, `rewrite` and `capture` get hold of the values in them,
`patterns` know what is faster, `proof` measures whether it is. Knows no generators of ours.
"""
