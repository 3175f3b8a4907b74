"""Image files: the only decoder, their headers, and a scan of a whole data set.

Imports what pipeline may import.
"""
