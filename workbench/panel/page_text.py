"""Text that can be sent to the page."""

from __future__ import annotations


def sendable(text: str) -> str:
    """Escape lone surrogates, as in file names that are not UTF-8: a message cannot hold them."""
    return text.encode("utf-8", "backslashreplace").decode()
