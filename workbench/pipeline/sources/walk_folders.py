"""Find the image files below folders, and note what is left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
Identity = tuple[int, int]


@dataclass
class FolderWalk:
    """Lists image files, each real folder once, even if links lead to it again.

    Attributes:
        unlisted: Folders and links that cannot be followed, with the reason.
        repeated: Links to folders that are listed by another path, with that path.
        ignored: Number of files that are not read, by extension.
    """

    unlisted: dict[str, str] = field(default_factory=dict)
    repeated: dict[str, str] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    _seen: dict[Identity, str] = field(default_factory=dict)

    def enter(self, folder: str) -> bool:
        """Register a folder; False if it was registered before, or cannot be followed."""
        try:
            found = os.stat(folder)  # noqa: PTH116
        except OSError as error:
            self._failed(error)
            return False
        first = self._seen.setdefault((found.st_dev, found.st_ino), folder)
        if first != folder:
            self.repeated[folder] = first
        return first == folder

    def is_lost(self, path: str) -> bool:
        """Whether this is probably a folder that cannot be reached; notes why."""
        lost = not Path(path).suffix and not os.path.exists(path)  # noqa: PTH110 (never raises)
        return lost and not self.enter(path)

    def images(self, top: str) -> Iterator[str]:
        """Paths of the images below a folder that was entered."""
        for folder, subfolders, files in os.walk(top, onerror=self._failed, followlinks=True):
            subfolders[:] = [name for name in subfolders if self.enter(os.path.join(folder, name))]  # noqa: PTH118
            for name in filter(is_visible, files):
                path = os.path.join(folder, name)  # noqa: PTH118 (100,000 times)
                if name.lower().endswith(SUFFIXES):
                    yield path
                elif not self.is_lost(path):
                    self.ignored[extension(name)] += 1

    def _failed(self, error: OSError) -> None:
        self.unlisted[str(error.filename)] = error.strerror or str(error)


def is_visible(name: str) -> bool:
    """Whether a file or folder is not hidden."""
    return not name.startswith(".")


def extension(name: str) -> str:
    """The extension of a file name, in lower case; "no extension" without one."""
    return Path(name).suffix.lower() or "no extension"
