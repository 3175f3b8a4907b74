"""Keras's workers: whether a loader works with them, where each is, and ending those that hang.

Imports `loader`, `compat`, `isolation` and the rest of `measure`.
"""

import workbench.isolation.opencv_forks  # noqa: F401  (users' loaders call OpenCV in worker processes)
