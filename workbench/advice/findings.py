"""A piece of advice: plain data, as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.advice.proof import Difference, Spread
from workbench.render import advice_html, markup, text, words

NONE = "No advice: no hot line is of a kind that we know a faster way for, measured on its values."


@dataclass(frozen=True, repr=False)
class Advice:
    """What to write instead of a line, and what that was measured to save.

    Attributes:
        file: Where the line is.
        line: Its number.
        function: The function that it is in.
        what: What it does, in words.
        instead: What to use instead.
        code_before: The lines as they are.
        code_after: What to write instead; the functions in it are those that were timed.
        old_ms: Milliseconds a batch, of this expression.
        new_ms: Of the other way.
        saved_ms: Milliseconds that a batch gets shorter.
        ratio: Old time by new.
        calls_per_batch: How often a batch computes it.
        batch_ms: Milliseconds of a whole batch as it is, timed in the same rounds.
        epoch_batches: How many an epoch has; None if that is not known.
        difference: How far the results differ, in grey levels.
        notes: What else to know.
        before: One result as it is, an array; None if it is no image.
        after: The same the other way.
    """

    file: str
    line: int
    function: str
    what: str
    instead: str
    code_before: str
    code_after: str
    old_ms: Spread
    new_ms: Spread
    saved_ms: Spread
    ratio: Spread
    calls_per_batch: float
    batch_ms: Spread
    epoch_batches: int | None
    difference: Difference
    notes: tuple[str, ...]
    before: Any = field(compare=False)
    after: Any = field(compare=False)

    @property
    def saved_epoch_s(self) -> Spread | None:
        """Seconds that an epoch gets shorter; None if its length is not known."""
        return self.saved_ms.times(self.epoch_batches / 1e3) if self.epoch_batches else None

    @property
    def place(self) -> str:
        """The file's name and the line."""
        return words.place(self.file, self.line)

    def sentences(self) -> list[str]:
        """All but the code, in words."""
        return [f"{self.what}. Instead: {self.instead}.", _saves(self), _pixels(self), *self.notes]

    def __str__(self) -> str:
        source = text.cut(self.code_before.split("\n")[0], text.SOURCE)
        rows = [f"{words.visible(self.place)}  {source}"]
        rows += [f"  {row}" for each in self.sentences() for row in text.wrapped(each)]
        return "\n".join(rows)

    __repr__ = __str__

    def to_html(self) -> str:
        """The old code and the new, and a picture of each and of their difference."""
        return advice_html.markup_of(self)

    def _repr_html_(self) -> str:
        return markup.fragment(self.to_html())


class Findings(tuple[Advice, ...]):
    """Pieces of advice, the greatest saving first."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n\n".join(map(str, self)) or NONE

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return markup.fragment("".join(each.to_html() for each in self) or f"<p>{NONE}</p>")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # Notebooks and IPython show a tuple's items otherwise.
        printer.text(str(self))


def _saves(of: Advice) -> str:
    saved, unit = of.saved_ms, words.figure
    # What is nearly all of a batch may come out longer than it: they are two measurements.
    whole = "all, " if saved.median > of.batch_ms.median else ""
    parts = [
        f"Saves {whole}{unit(saved.median)} ms ({unit(saved.low)}-{unit(saved.high)}, n={saved.n}) "
        f"of a batch's {unit(of.batch_ms.median)} ms, {unit(of.ratio.median)}× faster here "
        f"({unit(of.ratio.low)}-{unit(of.ratio.high)})"
    ]
    epoch = of.saved_epoch_s
    if epoch is not None:
        parts.append(f"{unit(epoch.median)} s an epoch of {of.epoch_batches} batches")
    return ": ".join(parts) + "."


def _pixels(of: Advice) -> str:
    gap = of.difference
    kind = (
        "" if gap.old_dtype == gap.new_dtype else f" {gap.new_dtype} in place of {gap.old_dtype}."
    )
    count = f"{gap.results} result{'s' if gap.results != 1 else ''} compared"
    if gap.most == 0:
        return f"Pixels are the same, {count}.{kind}"
    if gap.most < 0.001:
        return f"Pixels differ by less than 0.001 of 255 grey levels, {count}.{kind}"
    return (
        f"Pixels differ by at most {words.figure(gap.most)} of 255 grey levels, "
        f"{words.figure(gap.mean)} on average, {count}.{kind}"
    )
