"""The sentences at the top of the panel."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from workbench.isolation.explain_errors import message
from workbench.measure.line_profile import LineProfile
from workbench.measure.rate import Rate
from workbench.printable import place, visible_lines
from workbench.settings import Editable, Settings
from workbench.user_code import is_user_file

LONGEST = 1000  # characters of an exception's message
LONGEST_TRACEBACK = 20_000


@dataclass(frozen=True)
class Fault:
    """An exception as the panel shows it.

    Attributes:
        text: Type and message.
        where: File and line of the innermost frame outside libraries; empty if there is none.
        traceback: The whole traceback; empty if it would not help.
    """

    text: str
    where: str
    traceback: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Fault:
        """Describe an exception."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if is_user_file(frame.filename)]
        where = place(own[-1].filename, own[-1].lineno or 0) if own else ""
        whole = "".join(traceback.format_exception(error)) if frames else ""
        return cls(error_text(error), where, visible_lines(whole[-LONGEST_TRACEBACK:]))

    def __str__(self) -> str:
        return f"{self.text}, {self.where}" if self.where else self.text


def error_text(error: BaseException) -> str:
    """Type, message and notes of an exception, even of one whose `str()` raises."""
    text = " ".join([message(error), *map(str, getattr(error, "__notes__", ()))]).strip()
    text = visible_lines(text if len(text) <= LONGEST else text[:LONGEST] + " …")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def headline(rate: Rate | None, samples: int | None, profile: LineProfile | None, noun: str) -> str:
    """What is known of the speed, in one sentence.

    Args:
        rate: The rate through Keras's feed; None if it was not measured.
        samples: Samples of an epoch; None if unknown.
        profile: For an estimate, if there is no rate.
        noun: Plural noun for samples.
    """
    if rate is not None:
        what, took = ("an epoch", samples) if samples else (f"1,000 {noun}", 1000)
        takes = f"take{'s' if samples else ''} at least"
        return f"{_figure(rate, noun)}: {what} {takes} {_seconds(rate, took)}."
    if profile is None or not profile.samples:
        return "Not measured yet."
    about = number(profile.samples / profile.seconds)
    return (
        f"About {about} {noun}/s while being profiled. Press Measure for the figure training gets."
    )


def figures(profile: LineProfile | None, factor: float | None) -> str:
    """The time of a batch in the main thread, and the factor against the rate at the start."""
    parts = []
    if profile is not None and profile.batches and not profile.workers:
        parts.append(f"{number(profile.batch_seconds * 1e3)} ms per batch in the main thread")
    if factor is not None:
        parts.append(f"{factor:.2g}x the start")
    return " · ".join(parts)


def _figure(rate: Rate, noun: str) -> str:
    figure = rate.samples_per_second
    spread = f" ± {number(float(f'{figure.iqr / 2:.2g}'))}" if figure.n > 1 else ""
    return f"{number(figure.median)}{spread} {noun}/s"


def _seconds(rate: Rate, samples: int) -> str:
    return duration(samples / rate.samples_per_second.median)


def cannot(fault: Fault, since: str) -> str:
    """Why nothing can be measured; `since` is the time of the last results, or empty."""
    return f"Couldn't measure: {fault}." + (f" Results from {since}." if since else "")


def slowest(profile: LineProfile) -> tuple[str, str]:
    """The statement that takes the most time, as (source, place and share)."""
    if not profile.hot:
        return "", ""
    line = profile.hot[0]
    source = " ".join(line.source.split()) or f"{line.function} (no source)"
    return source, f"{place(line.file, line.line)} · {line.self_share:.0%} of a batch"


def suggestion(profile: LineProfile, settings: Settings) -> str:
    """An augment method worth trying: "opencv" where Keras's own loop takes most of the time."""
    shares = [f.share for f in profile.functions if Path(f.file).name == "keras_loop.py"]
    slow = max(shares, default=0.0) > 0.5
    return "opencv" if slow and settings.methods.augment == "keras_loop" else ""


def scaled_by(settings: Editable) -> str:
    """The statistics that images are scaled by, per channel; empty if they are not scaled."""
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
    """Format seconds: "0.42 s", "41 s", "9 min 10 s", "2 h 5 min"."""
    if seconds < 60:
        return f"{number(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
