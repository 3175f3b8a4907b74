"""What one sees of the panel without scrolling, at three sizes; its areas keep their places."""

from __future__ import annotations

import pytest

from tests.panel.driver import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

HEIGHT = 640  # pixels that JupyterLab leaves at 1280x800, below the panel's top
SEEN = [
    *("verdict", "batch-size", "workers", "worker-kind", "augment-method", "rotation-range"),
    *("width-shift-range", "height-shift-range", "shear-range", "zoom-range", "horizontal-flip"),
    *("vertical-flip", "fill-mode", "preview", "check", "hot", "help", "export", "message"),
]
PLACES = """names => Object.fromEntries(names.map(name => {
  const panel = document.querySelector('.wb-workbench').getBoundingClientRect();
  const box = document.querySelector('.wb-' + name).getBoundingClientRect();
  return [name, [box.left, box.top, box.right, box.bottom].map(
    (edge, i) => edge - (i % 2 ? panel.top : panel.left))] }))"""


def places(book, names):
    """Left, top, right and bottom of areas, in pixels from the panel's corner."""
    return book.page.evaluate(PLACES, names)


@pytest.fixture(autouse=True, scope="module")
def folded(book):
    """The kernel remembers which groups other tests have opened."""
    for name in ("reading", "scaling", "more"):
        button = book.page.locator(f"button.wb-group-{name}")
        if "mod-active" in button.get_attribute("class"):
            button.click()
            book.page.wait_for_selector(f".wb-group.wb-group-{name}", state="hidden")


@pytest.fixture
def sized(book):
    """Gives the panel's page another size, for one test."""

    def resize(width, height):
        book.page.set_viewport_size({"width": width, "height": height})
        panel = "document.querySelector('.wb-workbench').offsetWidth"
        # JupyterLab lays out later. Its file browser and margins take 432 pixels.
        until(lambda: 400 < width - book.page.evaluate(panel) < 470, every=0.1)
        until(lambda: book.page.locator(".wb-hot li").count() == 5, every=0.1)
        return book.page.evaluate(panel)

    yield resize
    resize(1400, 1200)


def test_at_1280_pixels_everything_important_is_in_view(book, sized):
    width = sized(1280, 800)
    assert 800 <= width <= 860, "the file browser is open"
    for name, (left, top, right, bottom) in places(book, SEEN).items():
        assert top >= 0, name
        assert bottom <= HEIGHT, (name, bottom)
        assert left >= 0, name
        assert right <= width, name
    tiles = book.page.locator(".wb-captions > div")
    assert tiles.count() == 8
    for place in range(8):
        box = tiles.nth(place).bounding_box()
        assert min(box["width"], box["height"]) >= 110
    scrolls = "node => node.scrollHeight > node.clientHeight + 1"
    assert not book.page.locator(".wb-controls").evaluate(scrolls)
    for line in book.page.locator(".wb-hot li").all():
        assert not line.evaluate("node => node.scrollWidth > node.clientWidth + 1")


def test_at_1920_pixels_the_line_profile_stands_beside_the_samples(book, sized):
    sized(1920, 1080)
    found = places(book, ["samples", "profile"])
    assert found["profile"][0] >= found["samples"][2]
    assert found["profile"][1] < 200


def test_in_a_narrow_panel_the_controls_scroll_below_the_pictures(book, sized):
    width = sized(1130, 800)
    assert width <= 700
    found = places(book, ["verdict", "preview", "hot", "controls"])
    assert found["verdict"][1] < found["preview"][1] < found["hot"][1] < found["controls"][1]
    book.page.locator(".wb-fill-mode select").scroll_into_view_if_needed()
    shown = places(book, ["controls"])["controls"]
    assert shown[3] - shown[1] <= 300
    assert found["controls"][1] <= HEIGHT - 200, "the controls begin in view"


def test_nothing_moves_while_methods_change(book):
    names = ["title", "verdict", "controls", "samples", "preview", "check", "hot", "help", "export"]
    before = places(book, names)
    for method in ("opencv", "none", "numpy_batch", "keras_loop"):
        book.drive(f"driver.panel.set(augment_method={method!r})")
        for _ in range(5):
            book.page.wait_for_timeout(200)
            for name, edges in places(book, names).items():
                gaps = [abs(now - was) for now, was in zip(edges[:2], before[name], strict=False)]
                assert max(gaps) <= 2, (method, name, before[name], edges)


def test_a_control_explains_itself_when_it_has_the_focus_or_the_mouse(book):
    book.page.locator(".wb-rotation-range [role=slider]").focus()
    book.wait_for_text("wb-help", "Rotate each image")
    book.page.locator(".wb-batch-size").hover()
    book.wait_for_text("wb-help", "Number of samples per batch")


def test_controls_without_an_effect_are_disabled_and_say_why(book):
    book.drive("driver.panel.set(augment_method='none')")
    select = book.page.locator(".wb-fill-mode select")
    until(select.is_disabled, every=0.1)
    book.page.locator(".wb-fill-mode").hover()
    book.wait_for_text("wb-help", "No effect: the augment method is none.")
    book.drive("driver.panel.set(augment_method='keras_loop')")
    until(select.is_enabled, every=0.1)


def test_undo_returns_to_the_settings_before_the_last_change(book):
    value = "print(panel.settings.augmentation.rotation_range)"
    before = book.run(value)
    book.press("wb-rotation-range", "ArrowRight", 3)
    until(lambda: book.run(value) != before, every=0.1)
    book.page.get_by_role("button", name="Undo Rotation").click()
    until(lambda: book.run(value) == before, every=0.1)
    book.page.wait_for_selector(".wb-undo", state="hidden")


def test_groups_stay_open_when_the_cell_runs_again(book):
    assert not book.page.locator(".wb-seed").is_visible()
    book.open_group("more")
    book.page.wait_for_selector(".wb-seed", state="visible")
    book.run_all()
    book.page.wait_for_selector(".wb-seed", state="visible")
    book.page.locator("button.wb-group-more").click()
    book.page.wait_for_selector(".wb-seed", state="hidden")
