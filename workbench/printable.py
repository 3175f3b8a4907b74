"""Text that any terminal and any page can show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

# Control characters would control a terminal, and HTML does not allow them. Unicode has symbols for
# the first 32 and for delete. UTF-8 cannot encode lone surrogates, as in file names that are not
# UTF-8. Tabs stay.
_VISIBLE: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20) if code != ord("\t")},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **{code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)},
}
_LINES = {code: shown for code, shown in _VISIBLE.items() if code != ord("\n")}


def visible(text: str) -> str:
    """A line of text with control characters and lone surrogates replaced by what shows them."""
    return text.translate(_VISIBLE)


def visible_lines(text: str) -> str:
    """`visible`, for text of several lines."""
    return text.translate(_LINES)


def place(file: str, line: int) -> str:
    """File name and line number: "scans.py:12"."""
    return f"{file_name(file)}:{line}"


def file_name(file: str) -> str:
    """The file's name; "cell" for a notebook cell, whose file name is a long number."""
    path = PurePath(file)
    return "cell" if path.parent.name.startswith("ipykernel_") else visible(path.name)


def invalid_unicode(error: UnicodeEncodeError) -> str:
    """Describe a string in a JSON text that UTF-8 cannot encode, such as some files' names."""
    text = error.object
    found = text[text.rfind('"', 0, error.start) + 1 :].partition('"')[0]
    return f"expected valid Unicode, which JSON requires. Received: {found!r}. Rename it"


@contextmanager
def printable_errors() -> Iterator[None]:
    """Make errors that leave this context printable: they name files, cells and keys."""
    try:
        yield
    except (ValueError, OSError) as error:
        error.args = tuple(visible_lines(a) if isinstance(a, str) else a for a in error.args)
        raise
