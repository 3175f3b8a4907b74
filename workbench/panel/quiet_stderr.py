"""Keep TensorFlow's start-up lines out of the notebook."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

START_UP_LINE = re.compile(
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|[IWEF]\d{4} \d\d:|WARNING: All log messages before absl|"
    rb"To enable the following instructions"
)


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop the lines that TensorFlow logs to the process's error stream.

    It logs a dozen when it starts, regardless of its log level, and they would appear in the
    notebook. All other lines, of whichever thread or process, are passed on at the end.
    """
    saved = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            written.seek(0)
            for line in written:
                if not START_UP_LINE.match(line):
                    os.write(saved, line)
            os.close(saved)
