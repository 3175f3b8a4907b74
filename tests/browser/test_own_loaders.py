"""Loaders of the user's own in the panel, defined in a cell, in a real JupyterLab."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from tests.browser.conftest import NOTEBOOK
from tests.browser.lab import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SIDE = 48
# Images that tell the batch, the sample and the keywords apart. The slow line is two calls down.
SCANS = f"""\
import time
import keras, numpy as np
import workbench as wb

class Scans(keras.utils.PyDataset):
    def __init__(self, batch_size=6, level=40.0, slow=False, mode="plain", **feed):
        super().__init__(**feed)
        self.batch_size, self.level, self.slow, self.mode = batch_size, level, slow, mode

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.stack([self._load(index, n) for n in range(self.batch_size)]), self._labels()

    def _load(self, index, n):
        self._decode()
        image = np.full(({SIDE}, {SIDE}, 1), self.level + 10 * n, np.float32)
        image[: 4 + 4 * n] = 250 - 20 * index
        return image

    def _decode(self):
        time.sleep(0.1 if self.slow else 0.002)

    def _labels(self):
        return np.arange(self.batch_size) % 2
"""


@pytest.fixture(scope="module")
def book(address, browser):
    """A notebook of which each test makes one cell."""
    page = browser.new_page(viewport={"width": 1400, "height": 1200})
    book = Notebook(page, address, NOTEBOOK)
    yield book
    page.close()


@pytest.fixture(autouse=True)
def clean_console(book):
    book.console.clear()
    yield
    assert book.console == []


def opens(book, source):
    """Run a cell whose last line is the panel, and wait for its first profile."""
    book.run_cell(source)
    book.page.wait_for_selector("img.wb-preview[src]")
    book.page.wait_for_selector(".wb-hot li code")


def number(book, expression):
    return json.loads(book.run(f"import json; print(json.dumps({expression}))"))


def batch(book, tmp_path, loader):
    """The images of batch 0, made in the kernel by an object that the panel does not know."""
    book.run(f"np.save({str(tmp_path / 'batch.npy')!r}, {loader}[0][0])")
    return np.load(tmp_path / "batch.npy")


def assert_shows(book, images):
    """Each tile is the batch's image, on 0 … 255, and no other's."""
    picture = book.picture()
    for place in range(len(images)):
        row, column = (SIDE * n for n in divmod(place, min(4, len(images))))
        shown = picture[row : row + SIDE, column : column + SIDE].astype(float)
        others = [np.abs(shown - other[..., 0]).mean() for other in images]
        assert others[place] < 3
        assert int(np.argmin(others)) == place


def test_the_picture_of_a_class_in_a_cell_is_its_batch(book, tmp_path):
    opens(book, SCANS + "panel = wb.Workbench(Scans())\npanel")
    images = batch(book, tmp_path, "Scans()")
    assert len(images) == 6
    assert_shows(book, images)
    assert book.page.locator(".wb-captions b").all_inner_texts() == list("010101")
    book.wait_for_text("wb-title", "4 batches · batch 6 × 48×48×1")


def test_the_hottest_line_is_the_leaf_with_the_cells_source(book):
    book.wait_for_text("wb-slowest", "time.sleep(0.1 if self.slow else 0.002)")
    book.wait_for_text("wb-where", "cell:")
    functions = book.page.locator("tbody[data-function]")
    names = functions.evaluate_all("nodes => nodes.map(n => n.dataset.function)")
    assert names[0] == "Scans.__getitem__"
    assert "Scans._decode" in names
    line = functions.nth(names.index("Scans._decode")).locator("tr[data-line]").last
    assert line.locator(".wb-code").inner_text().strip().startswith("time.sleep(")
    source = SCANS.split("\n")
    cell_line = 1 + next(n for n, text in enumerate(source) if "time.sleep" in text)
    assert int(line.get_attribute("data-line")) == cell_line
    # A busy machine may hold up any line of the first batches.
    book.page.wait_for_function(
        "line => document.querySelector(`tbody[data-function='Scans._decode']"
        " tr[data-line='${line}']`).dataset.share > 0.5",
        arg=cell_line,
    )


FACTORY = (
    SCANS
    + """
made = []
def make(batch_size=6, level=40.0, slow=False, mode="plain"):
    made.append(batch_size)
    return Scans(batch_size, level, slow)

sliders = dict(batch_size=(2, 8), level=(0.0, 90.0, 5.0))
panel = wb.Workbench(make, **sliders, slow=False, mode=["plain", "b"])
panel
"""
)


def test_a_factorys_keywords_have_controls_and_each_change_builds_anew(book, tmp_path):
    opens(book, FACTORY)
    for css in ("wb-batch-size", "wb-level", "wb-slow", "wb-mode", "wb-workers"):
        assert book.page.locator(f".{css}").is_visible(), css
    assert book.readout("wb-batch-size") == "6"
    assert_shows(book, batch(book, tmp_path, "Scans()"))
    before = number(book, "len(made)")

    book.press("wb-level", "ArrowRight", 3)
    book.page.wait_for_selector(".wb-level .widget-readout:text-is('55')")
    book.press("wb-batch-size", "ArrowLeft")
    book.page.wait_for_function("() => document.querySelectorAll('.wb-captions b').length === 5")
    book.settle()
    assert number(book, "made[-1]") == 5
    assert number(book, "len(made)") > before
    assert_shows(book, batch(book, tmp_path, "Scans(5, 55.0)"))


def milliseconds_a_hit(book, function, at_least):
    """Of a function's last line, once it shows so many."""
    cell = f"tbody[data-function='{function}'] tr[data-line]:last-child td:nth-child(6)"
    shown = f"+document.querySelector({json.dumps(cell)})?.textContent"
    book.page.wait_for_function(f"least => {shown} >= least", arg=at_least)
    return book.page.evaluate(f"() => {shown}")


def test_a_change_of_a_factory_changes_its_profile(book):
    fast = milliseconds_a_hit(book, "Scans._decode", 2)
    book.wait_for_new_picture(lambda: book.page.locator(".wb-slow input").check())
    slow = milliseconds_a_hit(book, "Scans._decode", 100)
    assert fast < 50 < slow, "it sleeps 2, then 100 ms, and longer on a busy machine"


def test_export_and_import_of_a_factory_round_trip(book, tmp_path):
    file = tmp_path / "tuned.json"
    book.page.locator(".wb-mode select").select_option("b")
    wanted = "panel.settings.model_dump_json()"
    book.settle()
    before = book.run(f"print({wanted})")
    book.page.locator(".wb-export-path input").fill(str(file))
    book.page.keyboard.press("Enter")
    book.page.locator(".wb-export").click()
    book.wait_for_text("wb-message", "Saved")
    assert json.loads(file.read_text())["settings"]["data"] == {
        "kind": "factory",
        "import": None,
        "keywords": {"batch_size": 5, "level": 55.0, "slow": True, "mode": "b"},
    }
    book.page.locator(".wb-reset").click()
    book.page.wait_for_function(
        "() => document.querySelector('.wb-batch-size .widget-readout').textContent === '6'"
    )
    book.page.locator(".wb-import").click()
    book.page.wait_for_function(
        "() => document.querySelector('.wb-batch-size .widget-readout').textContent === '5'"
    )
    assert book.run(f"print({wanted})") == before
    built = f"wb.load({str(file)!r}).dataset(factory=make)"
    assert book.run(f"d = {built}; print(d.batch_size, d.level, d.slow)") == "5 55.0 True"


PRINTS = """
import numpy as np, workbench as wb

def endless():
    n = 0
    while True:
        n += 1
        print("made one <b>batch</b>")
        yield {"x": np.full((4, 16, 16, 3), n % 3 / 2, np.float32)}, np.zeros(4)

panel = wb.Workbench(endless())
panel
"""


def test_a_plain_generator_has_one_worker_and_says_why(book):
    opens(book, PRINTS)
    workers = book.page.locator(".wb-workers")
    slider = workers.locator("[role=slider]")
    before = book.readout("wb-workers")
    slider.evaluate("node => node.focus()")
    book.page.keyboard.press("ArrowRight")
    assert book.readout("wb-workers") == before == "1"
    assert "generator" in workers.locator("[title]").first.get_attribute("title")
    assert book.page.locator(".wb-worker-kind select").is_disabled()
    assert "generator" in book.page.locator(".wb-reason").first.inner_text()


def test_what_a_generator_prints_is_in_the_panel_and_not_in_the_cell(book):
    book.wait_for_text("wb-scan", "Printed output")
    book.page.locator(".wb-scan summary").click()
    told = book.page.locator(".wb-scan-table tr", has_text="Printed output").locator("td")
    assert told.inner_text().startswith("made one <b>batch</b>")
    outputs = book.page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets.flatMap(
             cell => cell.model.outputs.toJSON()).map(output => output.output_type)"""
    )
    assert set(outputs) == {"display_data"}
    # And what others print while the panel runs the generator is theirs.
    assert [book.run(f"print({n})") for n in range(5)] == list("01234")


EVIL = '<img src=x onerror="window.hacked = 1">'
HOSTILE = f"""
import numpy as np, workbench as wb
evil = {EVIL!r}

class Hostile:
    class_names = [evil, "b" + evil]
    def __len__(self):
        return 3
    def __getitem__(self, index):
        images = np.random.default_rng(index).random((4, 16, 16))
        return {{evil: images}}, {{evil: np.arange(4) % 2}}

def make(**keywords):
    print(evil, "\\x1b[31m\\0")
    return Hostile()

Hostile.__name__ = Hostile.__qualname__ = make.__name__ = make.__qualname__ = evil
panel = wb.Workbench(make, **{{evil: (1, 5), evil + "x": ["1" + evil, "2"], "text": evil}})
panel
"""


def test_names_and_output_of_a_loader_are_text_and_never_markup(book):
    opens(book, HOSTILE)
    book.wait_for_text("wb-scan", "Printed output")
    book.page.wait_for_selector(".wb-verdict:has-text('at least')")
    panel = book.page.locator(".wb-workbench")
    assert EVIL in book.page.locator(".wb-title").inner_text()
    assert any(EVIL in text for text in book.page.locator(".wb-show option").all_inner_texts())
    assert EVIL in book.page.locator(".wb-scan-table").text_content()
    assert EVIL in (book.page.locator("img.wb-preview").get_attribute("alt") or "")
    labels = panel.locator(".wb-controls .widget-label").all_inner_texts()
    assert any("img src" in text.lower() for text in labels)
    assert panel.locator("img").count() == 1, "the picture, and nothing that a name asked for"
    assert book.page.evaluate("window.hacked") is None


VOLUME = """
import numpy as np, workbench as wb

class Volumes:
    def __len__(self):
        return 2
    def __getitem__(self, index):
        volumes = np.zeros((3, 1, 9, 32, 32), np.float32)
        for n in range(3):
            volumes[n, 0, 4, : 8 * (n + 1)] = 255  # only in the middle slice
        return volumes, np.eye(3)

panel = wb.Workbench(Volumes())
panel
"""


def test_a_volume_shows_its_middle_slice_in_as_many_tiles_as_there_are(book):
    opens(book, VOLUME)
    book.wait_for_text("wb-check", "slice 5 of 9")
    picture = book.picture()
    assert picture.shape[:2] == (32, 3 * 32), "no black places for samples that there are not"
    for n in range(3):
        tile = cv2.threshold(picture[:, n * 32 : (n + 1) * 32], 127, 1, cv2.THRESH_BINARY)[1]
        assert (tile.sum(axis=0) == 8 * (n + 1)).all()
    assert book.page.locator(".wb-captions b").count() == 3


def test_in_a_narrow_window_few_controls_leave_no_gap(book):
    controls = ".wb-controls"
    wide = book.page.locator(controls).bounding_box()["height"]
    book.page.set_viewport_size({"width": 760, "height": 1200})
    book.page.wait_for_function(
        "wide => document.querySelector('.wb-controls').offsetHeight < wide - 100", arg=wide
    )
    inside = book.page.evaluate(
        """() => { const panel = document.querySelector('.wb-workbench').getBoundingClientRect();
             return [...document.querySelectorAll('.wb-workbench button:not(.wb-scroll button)')]
               .every(b => b.getBoundingClientRect().right <= panel.right) }"""
    )
    book.page.set_viewport_size({"width": 1400, "height": 1200})
    assert inside


def test_the_last_panel_closes_and_leaves_no_thread(book):
    book.run("panel.close()")
    threads = (
        "import threading\n"
        "print([t.name for t in threading.enumerate() if t.name.startswith('workbench')])"
    )
    assert book.run(threads) == "[]"
