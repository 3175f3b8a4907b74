"""Capture what a user's code prints, logs and warns while it is measured."""

from __future__ import annotations

import io
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import get_ident
from typing import Any, TextIO

from workbench.isolation.notebook_cells import cells_begun

MAX_LINES = 20  # distinct lines that are kept, each with its count
MAX_CHARACTERS = 300  # of a line


class CapturedOutput:
    """Distinct lines of output with their counts; thread-safe."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._dropped = 0
        self._unfinished: dict[int, str] = {}  # by thread: `print` writes a line in pieces
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

    def write(self, text: str) -> None:
        """Add what this thread writes to a stream, once a line is complete."""
        lines, _, rest = (self._unfinished.pop(get_ident(), "") + text).rpartition("\n")
        self.add("\n".join(map(_as_displayed, lines.split("\n"))))
        if rest:
            self._unfinished[get_ident()] = _as_displayed(rest)[-MAX_CHARACTERS:]

    def end_line(self) -> None:
        """Add the line that this thread has not completed."""
        self.add(self._unfinished.pop(get_ident(), ""))

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
    """Capture what this thread prints, logs and warns; other threads are not affected."""
    with _lock:
        if not _open:
            _streams.enter_context(_replace_streams())
        _open.append(captured)
    try:
        with capture_in_thread(captured):
            yield
    finally:
        with _lock:
            if captured in _open:
                _open.remove(captured)
            _restore_streams()


@contextmanager
def capture_in_thread(captured: CapturedOutput) -> Iterator[None]:
    """Capture the output of this thread, too, while another one is in `capture_output`.

    Takes no lock, so that it works in a forked process.
    """
    outer = _captured.get(get_ident())
    _captured[get_ident()] = captured
    try:
        yield
    finally:
        captured.end_line()
        if outer is None:
            _captured.pop(get_ident(), None)
        else:
            _captured[get_ident()] = outer


def release(captured: CapturedOutput) -> None:
    """Restore the streams although a thread has not left `capture_output`: it is given up."""
    with _lock:
        _open[:] = [each for each in _open if each is not captured]
        _restore_streams()


# The streams, handlers and warnings belong to the process. While a capture is open, they are
# replaced by what distinguishes the threads.
_captured: dict[int, CapturedOutput] = {}  # by thread
_open: list[CapturedOutput] = []
_streams, _lock = ExitStack(), threading.RLock()


def _restore_streams() -> None:
    if not _open:
        _streams.close()


@contextmanager
def _replace_streams() -> Iterator[None]:
    streams, shows, cell = (sys.stdout, sys.stderr), warnings.showwarning, cells_begun()
    routed = out, err = _RoutedStream(streams[0]), _RoutedStream(streams[1])
    undo_handlers = _redirect_handlers(dict(zip(streams, routed, strict=True)))
    undo_root = _route_root_logger()

    def show(message: Any, category: type[Warning], *more: Any, **options: Any) -> None:
        if (captured := _captured.get(get_ident())) is None:
            shows(message, category, *more, **options)
        else:
            captured.add(f"{category.__name__}: {message}")

    sys.stdout, sys.stderr, warnings.showwarning = out, err, show
    try:
        yield
    finally:
        # The code that ran may have replaced them, too, or a cell that captures its own output.
        if sys.stdout in routed or cell == cells_begun():
            sys.stdout = streams[0]
        if sys.stderr in routed or cell == cells_begun():
            sys.stderr = streams[1]
        if warnings.showwarning is show:
            warnings.showwarning = shows
        undo_root()
        undo_handlers()


class _RoutedStream(io.TextIOBase):
    """A stream that captures what a capturing thread writes, and passes on the rest."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if (captured := _captured.get(get_ident())) is None:
            return self._stream.write(text)
        captured.write(text)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)  # `buffer`, `encoding` and the like


def _as_displayed(line: str) -> str:
    """What a terminal shows of a line: a progress bar overwrites it from its start."""
    return line.rstrip("\r").rsplit("\r", 1)[-1]


class _RoutingHandler(logging.Handler):
    """Captures the records of capturing threads; the others go to the original handlers."""

    def __init__(self, handlers: list[logging.Handler]) -> None:
        super().__init__()
        self.handlers = handlers

    def emit(self, record: logging.LogRecord) -> None:
        if (captured := _captured.get(get_ident())) is not None:
            captured.add(f"{record.levelname} {record.name}: {record.getMessage()}")
            return
        for handler in self.handlers:
            if record.levelno >= handler.level:
                handler.handle(record)


def _route_root_logger() -> Callable[[], None]:
    """Replace the root logger's handlers, or the one that Python uses where it has none."""
    root, last = logging.getLogger(), logging.lastResort
    before = root.handlers[:]
    routing = _RoutingHandler(before or [h for h in (last,) if h is not None])
    if before:
        root.handlers[:] = [routing]
    else:
        routing.setLevel(logging.WARNING)
        logging.lastResort = routing

    def undo() -> None:
        # Handlers that were added in the meantime stay.
        kept = [before if each is routing else [each] for each in root.handlers]
        root.handlers[:] = [handler for each in kept for handler in each]
        if logging.lastResort is routing:
            logging.lastResort = last

    return undo


def _redirect_handlers(streams: dict[Any, _RoutedStream]) -> Callable[[], None]:
    """Make other loggers' handlers write to the routed streams; returns what undoes it."""
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
            if handler.stream is streams[stream]:
                handler.setStream(stream)

    return undo
