"""A notebook that is opened again without its kernel still shows the last profile."""

from __future__ import annotations

import pytest

from tests.browser.conftest import NOTEBOOK
from tests.browser.lab import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_a_notebook_without_a_kernel_shows_the_last_profile(book, address, browser):
    kept = ".wb-kept:has-text('Dataset.__getitem__')"
    book.page.wait_for_selector(kept, state="attached")
    assert not book.page.locator(kept).is_visible(), "there is the panel"
    book.command("docmanager:save")
    book.page.evaluate("async () => { await jupyterapp.serviceManager.sessions.shutdownAll() }")
    book.page.close()
    page = browser.new_page(viewport={"width": 1400, "height": 1200})
    Notebook(page, address, NOTEBOOK)
    page.wait_for_selector(kept)
    assert page.locator(".wb-kept").is_visible()
    assert "random_transform" in page.locator(".wb-kept ol li").first.inner_text()
    assert page.locator(".wb-kept script").count() == 0
    page.close()
