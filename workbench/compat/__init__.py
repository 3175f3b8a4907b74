"""The private APIs of other packages that this one uses, one module each.

Imports no other subpackage.
"""
