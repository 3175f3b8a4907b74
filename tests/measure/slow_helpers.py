"""A helper module: what is slow is five calls down."""

from __future__ import annotations

import time


def first(index):
    return second(index)


def second(index):
    return third(index)


def third(index):
    return fourth(index)


def fourth(index):
    time.sleep(0.006)  # five calls down
    return index
