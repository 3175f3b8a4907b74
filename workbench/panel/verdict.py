"""The sentences at the top of the panel: what is known, and nothing more."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from workbench.isolation.explain_errors import message
from workbench.measure.line_profile import LineProfile
from workbench.measure.rate import Rate
from workbench.measure.user_code import is_user_file
from workbench.panel.page_text import sendable
from workbench.render import words
from workbench.settings import Editable, Settings

LONGEST = 1000  # characters of an exception's message


@dataclass(frozen=True)
class Fault:
    """An exception, as the panel tells it.

    Attributes:
        text: Type and message.
        where: File and line that raised it, of the user's code or of our generators, libraries left
            out; empty if there is none.
    """

    text: str
    where: str

    @classmethod
    def of(cls, error: BaseException) -> Fault:
        """From an exception: the innermost line of it that is not a library's."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if is_user_file(frame.filename)]
        where = words.place(own[-1].filename, own[-1].lineno or 0) if own else ""
        return cls(error_text(error), where)

    def __str__(self) -> str:
        return f"{self.text} ({self.where})" if self.where else self.text


def error_text(error: BaseException) -> str:
    """Type, message and notes of an exception, which may be a user's own and raise itself."""
    text = " ".join([message(error), *map(str, getattr(error, "__notes__", ()))]).strip()
    text = sendable(text if len(text) <= LONGEST else text[:LONGEST] + " …")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def delivers(rate: Rate, samples: int | None, noun: str = "images") -> str:
    """What Keras's feed gives; `samples` are those of an epoch, where that is known."""
    figure = rate.samples_per_second
    spread = number(float(f"{figure.iqr / 2:.2g}"))
    what, took = ("an epoch", samples) if samples else (f"1,000 {noun}", 1000)
    return (
        f"Delivers {number(figure.median)} {noun}/s ±{spread}: "
        f"{what} take{'s' if samples else ''} at least {duration(took / figure.median)}."
    )


def not_measured(profile: LineProfile | None, noun: str = "images") -> str:
    """What is known before the feed was measured."""
    if profile is None or not profile.samples:
        return "Not measured yet."
    rate = number(profile.samples / profile.seconds)
    return (
        f"About {rate} {noun}/s while being profiled (this thread). "
        "Press Measure for the figure training gets."
    )


def cannot(fault: Fault, since: str) -> str:
    """Why there is no figure; `since` is when picture and profile were last good, or empty."""
    old = f" (picture and profile are from {since})" if since else ""
    return f"No figure: {fault}{old}."


def slowest(profile: LineProfile) -> tuple[str, str]:
    """The hottest line: its source, which may be cut to fit, and its place and share."""
    if not profile.hot:
        return "", ""
    line = profile.hot[0]
    source = line.source.strip() or f"{line.function} (no source)"
    place = words.place(line.file, line.line)
    return f"Slowest line: {source}", f"{place}, {line.self_share:.0%} of a batch."


def suggestion(profile: LineProfile, settings: Settings) -> str:
    """A method worth trying: opencv, where Keras's own loop is what takes the time."""
    shares = [f.share for f in profile.functions if Path(f.file).name == "keras_loop.py"]
    slow = max(shares, default=0.0) > 0.5
    return "opencv" if slow and settings.methods.augment == "keras_loop" else ""


def scaled_by(settings: Editable) -> str:
    """The statistics that images are scaled by, a figure for each channel; empty without."""
    if not isinstance(settings, Settings) or not settings.augmentation.needs_statistics:
        return ""
    found = settings.statistics
    if found is None:
        return ""
    mean, std = (" / ".join(map(number, figures)) for figures in (found.mean, found.std))
    return f"Scaled by the data set: mean {mean}, std {std} of {found.n:,} images."


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def duration(seconds: float) -> str:
    """Such as "0.42 s", "41 s", "9 min 10 s", "2 h 5 min"."""
    if seconds < 60:
        return f"{number(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
