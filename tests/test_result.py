"""`Result`: each kind can be rendered, and measuring does not load what renders it."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

import workbench
from tests.conftest import ROOT
from workbench.measure.check_workers import WorkerCheck
from workbench.measure.rate import Rate
from workbench.measure.stats import Summary
from workbench.render import MODULES
from workbench.result import Result


def subclasses(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("workbench."):
            yield each
        yield from subclasses(each)


def test_each_kind_of_result_has_a_renderer():
    for module in pkgutil.walk_packages(workbench.__path__, "workbench."):
        importlib.import_module(module.name)

    assert {f"{kind.__module__}.{kind.__qualname__}" for kind in subclasses(Result)} == set(MODULES)
    for name in MODULES.values():
        module = importlib.import_module(f"workbench.render.{name}")
        assert module.TITLE
        assert callable(module.text)


def test_results_are_imported_without_their_renderers():
    modules = sorted({name.rpartition(".")[0] for name in MODULES if ".measure." in name})
    code = f"import sys, {', '.join(modules)}; print([m for m in sys.modules if '.render' in m])"

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, timeout=120, check=False, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert modules, done.stderr
    assert done.stdout.strip() == "[]", done.stderr


def a_rate() -> Rate:
    figures = Summary.of([900.0, 1000.0, 1100.0]), Summary.of([4.0, 4.0, 4.0])
    return Rate(*figures, 12.0, 3.0, 5_000_000, 2, False, 10)


def a_check() -> WorkerCheck:
    problems = ("It <hangs>.",)
    return WorkerCheck(False, problems, ("Use threads.",), (), None, (), 4, True)


SHOWN = pytest.mark.parametrize(
    ("result", "words", "title"),
    [(a_rate(), "1000 samples/s", "Rate"), (a_check(), "does not work", "Worker check")],
    ids=["Rate", "WorkerCheck"],
)


@SHOWN
def test_a_result_is_shown_as_text_and_html(result, words, title):
    assert words in str(result)
    assert words in result._repr_html_()
    page = result.to_html()
    assert words in page
    assert f"<title>{title}</title>" in page
    assert "<hangs>" not in page


@SHOWN
def test_a_result_is_stored_as_json(result, words, title):
    stored = json.loads(json.dumps(result.to_dict()))

    assert stored["workers"] == result.workers


def test_ipython_prints_text_instead_of_fields():
    from IPython.lib.pretty import pretty

    assert pretty(a_rate()) == str(a_rate())
