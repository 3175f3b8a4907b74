"""The article's six functions, and its three fixes as entrants for `race`; see notebook 02.

Imports pipeline and settings only.
"""

from workbench.article.entrants import (
    augmenting,
    levels,
    made,
    npy_folder,
    opening,
    reading,
    scaling,
)
from workbench.article.examples import (
    augment_each_sample,
    augment_with_flow,
    read_from_lists,
    read_from_npy,
    scale_in_a_loop,
    scale_vectorized,
)

__all__ = [
    "augment_each_sample",
    "augment_with_flow",
    "augmenting",
    "levels",
    "made",
    "npy_folder",
    "opening",
    "read_from_lists",
    "read_from_npy",
    "reading",
    "scale_in_a_loop",
    "scale_vectorized",
    "scaling",
]
