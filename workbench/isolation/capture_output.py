"""What a user's code prints, logs and warns of while it is measured: kept, to be shown."""

from __future__ import annotations

import io
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from threading import get_ident
from typing import Any, TextIO

MOST = 20  # different lines kept, each with its count
LONGEST = 300  # characters of a line


class Said:
    """Lines of output, each once with how often it came; safe to use from many threads."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._dropped = 0
        self._lock = threading.Lock()

    def add(self, text: str) -> None:
        """Add what was said; empty lines are left out."""
        with self._lock:
            for line in map(_line, text.splitlines()):
                if not line:
                    continue
                if line in self._counts or len(self._counts) < MOST:
                    self._counts[line] = self._counts.get(line, 0) + 1
                else:
                    self._dropped += 1

    def __str__(self) -> str:
        with self._lock:
            lines = [line + (f"  (×{n})" if n > 1 else "") for line, n in self._counts.items()]
            more = [f"… and {self._dropped} more lines"] if self._dropped else []
        return "\n".join(lines + more)


def _line(text: str) -> str:
    """Short, and such that it can be sent: half a surrogate pair cannot."""
    return text.strip()[:LONGEST].encode("utf-8", "backslashreplace").decode()


@contextmanager
def listening(said: Said) -> Iterator[None]:
    """Keep what is printed, logged and warned of, by all threads but the main one.

    The main thread's own output goes where it did, unless it is the one that listens: cells of the
    notebook run there. Put back at the end.
    """
    with ExitStack() as undo:
        out, err = (_Ear(said, stream) for stream in (sys.stdout, sys.stderr))
        undo.callback(out.end)
        undo.callback(err.end)
        undo.callback(_exchange({sys.stdout: out, sys.stderr: err}))
        undo.enter_context(redirect_stdout(out))
        undo.enter_context(redirect_stderr(err))
        undo.enter_context(_logging_to(said))
        undo.enter_context(warnings.catch_warnings())

        def show(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
            said.add(f"{category.__name__}: {message}")

        warnings.showwarning = show
        yield


class _Ear(io.TextIOBase):
    """A stream that keeps what is written, or passes it on."""

    def __init__(self, said: Said, beyond: TextIO) -> None:
        self._said, self._beyond = said, beyond
        # Whose output passes; none's if it is the main thread that listens.
        main = threading.main_thread().ident
        self._passing = None if main == get_ident() else main
        self._begun: dict[int, str] = {}  # of each thread: `print` writes a line in pieces

    def write(self, text: str) -> int:
        if get_ident() == self._passing:
            return self._beyond.write(text)
        lines, _, rest = (self._begun.pop(get_ident(), "") + text).rpartition("\n")
        self._said.add("\n".join(map(_overwritten, lines.split("\n"))))
        if rest:
            self._begun[get_ident()] = _overwritten(rest)[-LONGEST:]
        return len(text)

    def end(self) -> None:
        """Keep lines that were not ended."""
        self._said.add("\n".join(self._begun.values()))

    def flush(self) -> None:
        self._beyond.flush()

    def writable(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._beyond, name)  # `buffer`, `encoding`: what a stream has besides


def _overwritten(line: str) -> str:
    """What a terminal shows of it: progress bars go back to the line's beginning."""
    return line.rstrip("\r").rsplit("\r", 1)[-1]


class _Handler(logging.Handler):
    def __init__(self, said: Said) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.add(f"{record.levelname} {record.name}: {record.getMessage()}")


@contextmanager
def _logging_to(said: Said) -> Iterator[None]:
    """Root's handlers hold the streams that were there when they were made, so they are swapped."""
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [_Handler(said)]
    try:
        yield
    finally:
        root.handlers[:] = before


def _exchange(ears: dict[Any, _Ear]) -> Callable[[], None]:
    """Let handlers of other loggers write to the ears in place of the streams; gives the undo."""
    loggers = [
        each for each in logging.Logger.manager.loggerDict.values() if hasattr(each, "handlers")
    ]
    found = [
        (handler, handler.stream)
        for logger in loggers
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler) and any(handler.stream is s for s in ears)
    ]
    for handler, stream in found:
        handler.setStream(ears[stream])

    def undo() -> None:
        for handler, stream in found:
            handler.setStream(stream)

    return undo
