"""One JupyterLab and one notebook for all browser tests of a module."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.browser.lab import CHROMIUM_ARGUMENTS, Notebook, chromium, jupyterlab
from tests.conftest import ROOT

NOTEBOOK = "notebooks/01_find_the_slow_line.ipynb"
MISSING = "no Chromium found: install one, for example with `apt-get install chromium`"


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """A JupyterLab on a copy of the notebooks beside the sample data."""
    if chromium() is None:
        if os.environ.get("WORKBENCH_NEEDS_BROWSER"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    (root / "sample_data").symlink_to(ROOT / "sample_data")
    with jupyterlab(root, tmp_path_factory.mktemp("private")) as where:
        yield where


@pytest.fixture(scope="session")
def browser(address):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def book(address, browser):
    """The notebook, run, with the panel profiling."""
    page = browser.new_page(viewport={"width": 1400, "height": 1200})
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    book = Notebook(page, address, NOTEBOOK)
    book.run_all()
    book.wait_for_text("wb-verdict", "at least")
    yield book
    page.close()
