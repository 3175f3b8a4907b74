"""Advice on a user's own loader, asked for with the button beside its hot lines."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path

import pytest

from tests.browser.lab import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

LOADER = """\
import numpy as np
import workbench as wb
from tensorflow.keras.preprocessing.image import ImageDataGenerator

augmenter = ImageDataGenerator(rotation_range=20, zoom_range=0.2, horizontal_flip=True)
rows, columns = np.mgrid[:160, :160]
hue = np.stack([rows % 90, columns % 70, (rows + columns) % 110], axis=-1)

class Own:
    def __len__(self):
        return 40

    def __getitem__(self, index):
        images = np.stack([hue * 2.0 for _ in range(8)]).astype("float32")
        "<b>bold</b>"; out = [augmenter.random_transform(image) for image in images]
        return np.stack(out), np.arange(8) % 2
"""
CELLS = [LOADER, "panel = wb.Workbench(Own())\npanel"]


@pytest.fixture(scope="module")
def own(address, browser):
    """A notebook with a loader in it, run, with the panel profiling."""
    base, token = address.split("?token=")
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "source": s, "metadata": {}, "outputs": [], "execution_count": None}
        for s in CELLS
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    request = urllib.request.Request(
        f"{base}/api/contents/own.ipynb",
        json.dumps({"type": "notebook", "format": "json", "content": content}).encode(),
        {"Authorization": f"token {token}"},
        method="PUT",
    )
    urllib.request.urlopen(request, timeout=10).close()
    page = browser.new_page(viewport={"width": 1400, "height": 1500})
    book = Notebook(page, address, "own.ipynb")
    book.run_all()
    page.wait_for_selector(".wb-hot li code:has-text('random_transform')")
    yield book
    page.close()


def pixels(page, number):
    """Mean and spread of a picture's values, as the page has decoded it."""
    return page.evaluate(
        """async number => {
             const image = document.querySelectorAll('.wb-advice img')[number];
             await image.decode();
             const canvas = document.createElement('canvas');
             [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
             const context = canvas.getContext('2d');
             context.drawImage(image, 0, 0);
             const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
             const values = [...data].filter((_, i) => i % 4 < 3);
             const mean = values.reduce((a, b) => a + b) / values.length;
             return [canvas.width, mean, Math.max(...values) - Math.min(...values)];
           }""",
        number,
    )


def test_the_button_leads_to_words_code_and_pictures_in_both_themes(own):
    page = own.page
    page.click("button.wb-advise")
    page.wait_for_selector(".wb-advice li")
    item = page.locator(".wb-advice li", has_text="cv2.warpAffine")
    assert "an epoch of 40 batches" in item.inner_text()
    item.locator("summary").click()
    old, new = item.locator("pre").all_inner_texts()
    assert '"<b>bold</b>"; out = [augmenter.random_transform(image)' in old
    assert "def warped(" in new
    assert item.locator("b").count() == 1  # the place; what is in the code is text
    (width, now, spread), (_, instead, _) = pixels(page, 0), pixels(page, 1)
    assert width == 160
    assert abs(now - instead) < 1
    assert spread > 100
    assert all(image.get_attribute("alt") for image in item.locator("img").all())
    colours = []
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        own.theme(theme)
        colours.append(
            item.locator("pre").first.evaluate(
                "node => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]"
            )
        )
        if "WORKBENCH_SCREENSHOTS" in os.environ:
            folder = Path(os.environ["WORKBENCH_SCREENSHOTS"])
            item.scroll_into_view_if_needed()
            page.screenshot(path=str(folder / f"advice {theme}.png"))
    assert colours[0] != colours[1]
    assert all(text != behind for text, behind in colours)
    own.theme("JupyterLab Light")
    assert item.locator("details").evaluate("node => node.open"), "stays open"
    assert own.console == []


def test_a_slider_dims_it_and_does_not_close_it(own):
    own.press("wb-workers", "ArrowRight")
    own.page.wait_for_selector(".wb-area-advice.wb-stale")
    assert own.page.locator(".wb-advice details").first.evaluate("node => node.open")
    own.press("wb-workers", "ArrowLeft")
    own.page.wait_for_selector(".wb-area-advice:not(.wb-stale)")
    assert own.console == []
