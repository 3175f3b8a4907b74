"""Capture what a user's code prints, logs and warns while it is measured."""

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

MAX_LINES = 20  # distinct lines that are kept, each with its count
MAX_CHARACTERS = 300  # of a line


class CapturedOutput:
    """Distinct lines of output with their counts; thread-safe."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._dropped = 0
        self._lock = threading.Lock()

    def add(self, text: str) -> None:
        """Add lines; empty ones are left out."""
        with self._lock:
            for line in map(_shortened, text.splitlines()):
                if not line:
                    continue
                if line in self._counts or len(self._counts) < MAX_LINES:
                    self._counts[line] = self._counts.get(line, 0) + 1
                else:
                    self._dropped += 1

    def __str__(self) -> str:
        with self._lock:
            lines = [line + (f"  (×{n})" if n > 1 else "") for line, n in self._counts.items()]
            more = [f"… and {self._dropped} more lines"] if self._dropped else []
        return "\n".join(lines + more)


def _shortened(line: str) -> str:
    # Half a surrogate pair cannot be sent to the page.
    return line.strip()[:MAX_CHARACTERS].encode("utf-8", "backslashreplace").decode()


@contextmanager
def capture_output(captured: CapturedOutput) -> Iterator[None]:
    """Capture the output of all threads except the main one, where the notebook's cells run.

    Called in the main thread, it captures the main thread's output, too.
    """
    with ExitStack() as undo:
        out, err = (_CapturingStream(captured, stream) for stream in (sys.stdout, sys.stderr))
        undo.callback(out.end)
        undo.callback(err.end)
        undo.callback(_redirect_handlers({sys.stdout: out, sys.stderr: err}))
        undo.enter_context(redirect_stdout(out))
        undo.enter_context(redirect_stderr(err))
        undo.enter_context(_capture_root_logger(captured))
        undo.enter_context(warnings.catch_warnings())

        def show(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
            captured.add(f"{category.__name__}: {message}")

        warnings.showwarning = show
        yield


class _CapturingStream(io.TextIOBase):
    """A stream that captures what is written, or passes it on to another stream."""

    def __init__(self, captured: CapturedOutput, stream: TextIO) -> None:
        self._captured, self._stream = captured, stream
        main = threading.main_thread().ident
        self._passed_thread = None if main == get_ident() else main
        self._unfinished: dict[int, str] = {}  # by thread: `print` writes a line in pieces

    def write(self, text: str) -> int:
        if get_ident() == self._passed_thread:
            return self._stream.write(text)
        lines, _, rest = (self._unfinished.pop(get_ident(), "") + text).rpartition("\n")
        self._captured.add("\n".join(map(_as_displayed, lines.split("\n"))))
        if rest:
            self._unfinished[get_ident()] = _as_displayed(rest)[-MAX_CHARACTERS:]
        return len(text)

    def end(self) -> None:
        """Add the unfinished lines."""
        self._captured.add("\n".join(self._unfinished.values()))

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)  # `buffer`, `encoding` and the like


def _as_displayed(line: str) -> str:
    """What a terminal shows of a line: a progress bar overwrites it from its start."""
    return line.rstrip("\r").rsplit("\r", 1)[-1]


class _CapturingHandler(logging.Handler):
    def __init__(self, captured: CapturedOutput) -> None:
        super().__init__()
        self._captured = captured

    def emit(self, record: logging.LogRecord) -> None:
        self._captured.add(f"{record.levelname} {record.name}: {record.getMessage()}")


@contextmanager
def _capture_root_logger(captured: CapturedOutput) -> Iterator[None]:
    """Replace the root logger's handlers, which keep the streams they were created with."""
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [_CapturingHandler(captured)]
    try:
        yield
    finally:
        root.handlers[:] = before


def _redirect_handlers(streams: dict[Any, _CapturingStream]) -> Callable[[], None]:
    """Make other loggers' handlers write to the capturing streams; returns what undoes it."""
    loggers = [
        each for each in logging.Logger.manager.loggerDict.values() if hasattr(each, "handlers")
    ]
    found = [
        (handler, handler.stream)
        for logger in loggers
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler) and any(handler.stream is s for s in streams)
    ]
    for handler, stream in found:
        handler.setStream(streams[stream])

    def undo() -> None:
        for handler, stream in found:
            handler.setStream(stream)

    return undo
