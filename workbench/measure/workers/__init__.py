"""Workers: whether they would do, where each stands, and the end of those that hang."""

import workbench.isolation.opencv_forks  # noqa: F401  (users' loaders call OpenCV in worker processes)
