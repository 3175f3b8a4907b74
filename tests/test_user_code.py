"""Whose code a file is, by the metadata of what is installed."""

from __future__ import annotations

import functools
import importlib
import json
import sys

import numpy as np
import pytest

import workbench as wb
from workbench.user_code import package_of

PACKAGE = """
import time
from example_batches import tools

def batches():
    while True:
        yield tools.load()

class Batches:
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return tools.load()

    def yielded(self):
        yield from batches()
"""
TOOLS = """
import time

def load():
    time.sleep(0.004)  # in the package
    return (1,)
"""


def install(folder, name, metadata=".dist-info", **files):
    """A distribution as installers leave it; `files` are of its metadata."""
    info = folder / f"{name}-1.0{metadata}"
    info.mkdir(parents=True)
    for file, text in {"METADATA": f"Name: {name}\nVersion: 1.0\n", **files}.items():
        (info / file.replace("_txt", ".txt")).write_text(text)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder on the import path that holds a package, and a module of the user's."""
    record = "example_batches/__init__.py,sha256=x,9\nexample_batches/tools.py,,\nalone.py,,\n"
    install(tmp_path, "example-batches", RECORD=record)
    package = tmp_path / "example_batches"
    package.mkdir()
    (package / "__init__.py").write_text(PACKAGE)
    (package / "tools.py").write_text(TOOLS)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("example_batches")]:
        del sys.modules[name]


def test_a_package_is_a_library_wherever_it_is_installed(folder):
    assert package_of(str(folder / "example_batches" / "tools.py")) == "example_batches"
    assert package_of(str(folder / "alone.py")) == "alone"
    assert package_of(np.__file__) == "numpy"


def test_modules_next_to_installed_packages_are_the_users(folder):
    assert package_of(str(folder / "train.py")) is None
    assert package_of(str(folder / "example_batches_of_mine" / "train.py")) is None


def test_old_metadata_counts_unless_it_belongs_to_a_source_tree(folder):
    sources = "setup.py\nmine/__init__.py\n"
    install(folder, "mine", ".egg-info", SOURCES_txt=sources, top_level_txt="mine\n")
    files = {"installed-files_txt": "../theirs/a.py\n", "SOURCES_txt": sources}
    install(folder, "theirs", ".egg-info", top_level_txt="theirs\n", **files)
    install(folder, "unlisted", ".egg-info")
    found = [package_of(str(folder / n / "a.py")) for n in ("mine", "theirs", "unlisted")]
    assert found == [None, "theirs", "unlisted"]


@pytest.mark.parametrize(
    "make",
    [
        lambda module: module.batches,
        lambda module: module.batches(),
        lambda module: functools.partial(module.batches),
        lambda module: module.Batches(),
        lambda module: module.Batches().yielded,
        lambda module: lambda: iter(module.batches()),
    ],
    ids=["function", "generator", "partial", "object", "method", "factory"],
)
def test_a_generator_from_an_installed_package_is_followed(make, folder, clock):
    module = importlib.import_module("example_batches")
    found = wb.profile_lines(make(module), seconds=0)
    assert found.hot[0].source.strip() == "time.sleep(0.004)  # in the package"
    assert found.hot[0].self_share == pytest.approx(1)


def test_a_profile_without_lines_names_the_libraries_that_ran(folder, clock):
    module = importlib.import_module("example_batches")
    found = wb.profile_lines(zip(module.batches(), strict=False), seconds=0)
    assert not found.functions
    assert f"libraries={json.dumps(['example_batches'])}" in str(found)
    followed = wb.profile_lines(
        zip(module.batches(), strict=False), seconds=0, libraries=["example_batches"]
    )
    assert "load" in [f.name for f in followed.functions]
