"""Advice: found at the right line, compared truly, said only of what is faster, else silent.

What is faster is decided by a clock that tests move; whether it is so on this machine is reported
by `tests.accuracy`.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import io
import linecache
import operator
import re
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import pool
from multiprocessing.pool import ThreadPool
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

import workbench as wb
from tests.advice import advice_zoo as zoo
from tests.clock import FakeClock
from tests.panel.driver import until
from workbench.advice import capture, captured_call, proof, rewrite, standardizing_loop
from workbench.advice import find as finding
from workbench.advice import remedy as remedies
from workbench.advice.idioms import decoding, keras_transforms, resizing, stacking, standardizing
from workbench.advice.idioms import dtypes as kinds
from workbench.inputs import as_loader
from workbench.measure import alternate

ZOO = Path(zoo.__file__)


@pytest.fixture(autouse=True)
def believed(monkeypatch):
    """Each replacement takes 1 ms in place of 4, of a batch of 30; see `proved`."""
    times = times_of(4, 1, 30)
    monkeypatch.setattr(finding, "timed", lambda old, new, batch: batch() or times)


def times_of(*milliseconds):
    """Of the old way, the new one and a batch."""
    clock = FakeClock()
    old, new, batch = (functools.partial(clock.sleep, ms / 1e3) for ms in milliseconds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alternate, "perf_counter", clock.perf_counter)
        return proof.timed([old] * 4, [new] * 4, batch)


@pytest.fixture
def proved(monkeypatch, believed, clock):
    """Replacements are timed, by a clock that hardly moves but for sleeps."""
    monkeypatch.setattr(finding, "timed", proof.timed)
    monkeypatch.setattr(proof, "SECONDS", 0.1)
    clock.reading = 1e-6
    return clock


def line_of(mark):
    lines = ZOO.read_text().split("\n")
    return next(n for n, line in enumerate(lines, 1) if line.endswith(f"# {mark}"))


def advice_at(mark, found, instead=""):
    """The only advice for a line, or the only one that says so."""
    at = [a for a in found if (a.file, a.line) == (str(ZOO), line_of(mark))]
    return only([a for a in at if instead in a.instead])


def only(found):
    assert len(found) == 1, found
    return found[0]


def ask(loader):
    return wb.advise(loader, seconds=0.05)


def run_shown(advice, name="decoded"):
    """The functions of the code that is shown, defined as a reader would define them."""
    tree = ast.parse(advice.code_after.rsplit("\n\n", 1)[0])
    names = {}
    exec(compile(tree, "shown", "exec"), names)
    return names[name]


def test_transform_in_a_helper_is_found_and_proved_with_the_same_draws():
    found = ask(zoo.Transforms())
    advice = advice_at("transform", found)
    assert advice.function == "Transforms._augmented"
    assert "warped(image, GENERATOR.get_random_transform(image.shape))" in advice.code_after
    assert advice.code_before == "return GENERATOR.random_transform(image)  # transform"
    assert advice.calls_per_batch == zoo.SIZE
    milliseconds = [m.median for m in (advice.old_ms, advice.new_ms, advice.saved_ms)]
    assert milliseconds == pytest.approx([4 * zoo.SIZE, zoo.SIZE, 3 * zoo.SIZE])
    assert (advice.batch_ms.median, advice.ratio.median) == pytest.approx((30, 4))
    assert advice.epoch_batches == 5
    assert advice.saved_epoch_s.median == pytest.approx(5 * 3 * zoo.SIZE / 1e3)
    assert advice.difference.most <= 1


def test_the_shown_warp_agrees_with_keras_for_all_parameters():
    keras = zoo.tf.keras.preprocessing.image.ImageDataGenerator(
        rotation_range=90, width_shift_range=0.3, height_shift_range=0.3, shear_range=20,
        zoom_range=0.4, channel_shift_range=30, horizontal_flip=True, vertical_flip=True,
        fill_mode="reflect",
    )  # fmt: skip
    image = zoo.smooth(50, 70, 3).astype(np.float32)
    for _ in range(10):
        draw = keras.get_random_transform(image.shape)
        expected = keras.apply_transform(image, draw)
        assert np.abs(keras_transforms.warped(image, draw, "reflect") - expected).max() <= 1


def test_a_generator_functions_own_line_is_found():
    found = ask(zoo.endless)
    advice = advice_at("yields", found, "warpAffine")
    assert advice.epoch_batches is None
    assert advice.saved_epoch_s is None
    assert " an epoch" not in str(advice)


def test_zoom_with_linear_order_gives_scipys_own_pixels():
    advice = advice_at("zoom", ask(zoo.Zooms()), "cv2")
    assert advice.difference.most < 0.01
    assert advice.before.shape == advice.after.shape == (48, 40, 1)


def test_a_call_within_a_comprehension_over_several_lines_is_found():
    advice = advice_at("picture", ask(zoo.Pictures()))
    assert "resized_picture(x, (64, 48))" in advice.code_after
    pictures = zoo.Pictures().x
    new = [np.asarray(resizing.resized_picture(p, (64, 48)), float) for p in pictures]
    old = [np.asarray(p.resize((64, 48), Image.Resampling.LANCZOS), float) for p in pictures]
    gaps = np.abs(np.subtract(old, new))
    assert advice.difference.most == gaps.max()
    assert advice.difference.mean == pytest.approx(gaps.mean())


def test_decoding_is_replaced_and_remembered(tmp_path):
    loader = zoo.Files(tmp_path, ".jpg")
    found = ask(loader)
    kept = next(a for a in found if "memory" in a.instead)
    assert (kept.line, kept.difference.most) == (line_of("files"), 0)
    # 5 batches of 6 images.
    assert f"Keeps {5 * 6 * 300 * 400 * 3 / 1e6:.3g} MB for the images of 5 batches." in str(kept)
    assert "cached(file).copy() for file in self.files" in kept.code_after
    assert "return np.array(opened(path).convert('RGB'))" in kept.code_after


@pytest.fixture
def slow_pillow(monkeypatch, proved):
    """Pillow takes 20 ms an image and OpenCV 1: which is faster depends on how both are built."""
    source = (  # from "<string>": no code of the user's
        "def slowly(picture):\n"
        "    if picture.fp is not None:\n"
        "        sleep(0.02)\n"
        "    return load(picture)\n"
    )
    names = {"load": ImageFile.ImageFile.load, "sleep": proved.sleep}
    exec(compile(source, "<string>", "exec"), names)
    monkeypatch.setattr(ImageFile.ImageFile, "load", names["slowly"])
    for name in ("imread", "imdecode"):
        monkeypatch.setattr(cv2, name, sleeping(proved, 0.001, getattr(cv2, name)))


def sleeping(clock, seconds, function):
    return lambda *arguments: clock.sleep(seconds) or function(*arguments)


def decoding_advice(loader, instead="cv2.imread"):
    return only([a for a in ask(loader) if a.instead == instead])


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_decoding_by_pillow_is_replaced_where_that_is_faster(tmp_path, suffix, slow_pillow):
    loader = zoo.Files(tmp_path, suffix)
    advice = decoding_advice(loader)
    assert advice.line == line_of("files")
    assert advice.ratio.low == pytest.approx(20, rel=0.01)
    shown = run_shown(advice)(loader.files[0], cv2.IMREAD_COLOR_RGB)
    with Image.open(loader.files[0]) as picture:
        gap = np.abs(shown.astype(float) - np.asarray(picture)).max()
    assert gap <= max(advice.difference.most, 0 if suffix == ".png" else 8)


@pytest.mark.parametrize("loader", [zoo.Files, zoo.Loads])
def test_16_bit_images_that_pillow_clips_are_said_to_be(tmp_path, slow_pillow, loader):
    loader = loader(tmp_path, ".png")
    assert "white" not in str(decoding_advice(loader))
    for file in loader.files[:2]:
        cv2.imwrite(str(file), np.full((300, 400), 30_000, np.uint16))
    (note,) = [note for note in decoding_advice(loader).notes if "white" in note]
    count, total = map(int, re.match(r"(\d+) of (\d+) images", note).groups())
    assert 3 * count == total


@pytest.mark.parametrize(
    ("loader", "mark", "source"),
    [(zoo.Held, "bytes", "f"), (zoo.HeldApart, "convert", "picture.fp.getvalue()")],
)
def test_files_held_in_memory_are_decoded_by_opencv(loader, mark, source, slow_pillow):
    loader = loader()
    advice = decoding_advice(loader, "cv2.imdecode")
    assert advice.line == line_of(mark)
    assert f"decoded_bytes({source}, cv2.IMREAD_COLOR_RGB)" in advice.code_after
    assert advice.difference.most == 0
    shown = run_shown(advice, "decoded_bytes")
    expected = np.asarray(Image.open(io.BytesIO(loader.files[1])))
    assert np.array_equal(shown(loader.files[1], cv2.IMREAD_COLOR_RGB), expected)
    with pytest.raises(OSError, match="cannot decode 3 bytes"):
        shown(b"abc", cv2.IMREAD_COLOR_RGB)


def test_nothing_is_said_where_opencv_cannot_decode(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, "imread", lambda *_: None)
    found = ask(zoo.Files(tmp_path, ".png"))
    assert "cv2.imread" not in [a.instead for a in found]


def test_nothing_is_said_where_opencv_decodes_slower(tmp_path, monkeypatch, slow_pillow, proved):
    monkeypatch.setattr(cv2, "imread", sleeping(proved, 0.05, cv2.imread))
    found = ask(zoo.Files(tmp_path, ".png"))
    assert "cv2.imread" not in [a.instead for a in found]


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_files_turned_by_exif_are_decoded_as_pillow_does(tmp_path, suffix, mode):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = tmp_path / f"turned{suffix}"
    Image.fromarray(zoo.smooth(40, 60, 3)).convert(mode).save(file, exif=exif)
    with Image.open(file) as picture:
        expected = np.asarray(picture).astype(float)
    flag = cv2.IMREAD_COLOR_RGB if mode == "RGB" else cv2.IMREAD_GRAYSCALE
    got = decoding.decoded(file, flag)
    assert np.abs(got - expected).max() <= (0 if suffix == ".png" else 8)
    with pytest.raises(OSError, match=r"cannot decode .*missing"):
        decoding.decoded(tmp_path / "missing.png", flag)


def test_load_img_with_a_size_gives_the_same_pixels(tmp_path, slow_pillow):
    advice = decoding_advice(zoo.Loads(tmp_path, ".png"))
    assert advice.line == line_of("load_img")
    assert advice.difference.most == 0
    assert advice.after.shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("drawn", "remembered"), [([0], True), ([0, 0, 0, 0, 0, 0, 1], False), ([1, 0], False)]
)
def test_only_files_that_surely_come_again_are_to_be_remembered(tmp_path, drawn, remembered):
    """One of six files a batch, which chance repeats in two batches once in six times."""
    loader = zoo.Drawn(tmp_path, ".png")
    profile = wb.profile_lines(loader, seconds=0.05)
    loader.order = [5, *drawn]  # the first batch is recorded, but not captured
    assert any("memory" in a.instead for a in wb.advise(loader, profile)) is remembered


def test_float64_is_found_where_it_is_made():
    advice = advice_at("scale", ask(zoo.Scales()))
    assert (advice.difference.old_dtype, advice.difference.new_dtype) == ("float64", "float32")
    assert advice.difference.most < 1e-3
    assert "float32 in place of" in str(advice)
    assert "np.multiply(x, np.float32(1 / 255.0), dtype=np.float32), np.zeros" in advice.code_after


def test_lists_of_samples_become_an_array():
    advice = advice_at("list", ask(zoo.Lists()))
    assert advice.difference.most == 0
    assert "self.x = np.array(self.x)" in advice.code_after
    assert "self.x[index:index + SIZE].copy()" in advice.code_after


def test_nothing_is_said_where_all_is_well(monkeypatch):
    # Joining its small lists is no slower than the replacement; whether that line is hot at all
    # depends on how busy the machine is.
    times = times_of(1, 1, 30)
    monkeypatch.setattr(finding, "timed", lambda old, new, batch: batch() or times)
    assert ask(zoo.FastAlready()) == ()
    assert str(ask(zoo.FastAlready())).startswith("No advice")


@pytest.mark.parametrize(
    ("old", "new", "clear"),
    [(0.2, 1, None), (1, 1, False), (1.14, 1, False), (1.16, 1, True)],
)
def test_what_is_less_than_1_15_times_as_fast_is_not_clear(old, new, clear):
    times = times_of(old, new, 30)
    if clear is None:
        assert times is None
    else:
        assert times.clear is clear
        assert times.ratio.median == pytest.approx(old / new)
        assert times.saved.median == pytest.approx((old - new) / 1e3)
        assert times.batch.median == pytest.approx(0.030)


@pytest.mark.parametrize(
    "make",
    [
        zoo.Transforms, zoo.Zooms, zoo.Pictures, zoo.Scales, zoo.Lists, zoo.Filled, zoo.Divides,
        zoo.Affine, zoo.Held, zoo.Wrapped, lambda: zoo.Pools("closed"),
        lambda: zoo.LoopScaled(64, 64), lambda: zoo.EnumerateScaled(64, 64),
    ],
)  # fmt: skip
def test_nothing_is_said_of_what_is_not_clearly_faster(make, monkeypatch):
    times, asked = times_of(1.1, 1, 30), []
    monkeypatch.setattr(finding, "timed", lambda *_: asked.append(1) or times)
    assert ask(make()) == ()
    assert asked, "it was looked at"


def test_scikit_image_is_known_by_its_name_and_keeps_its_range(monkeypatch, tmp_path):
    """Without the package: a stand-in that is slow, by the same name and with the same scale."""
    module = types.ModuleType("skimage.transform")

    library = (  # from "<string>": no code of the user's
        "def resize(image, output_shape, order=None, preserve_range=False):\n"
        "    return zoom(image.astype(float) / 255, (0.25, 0.25, 1), order=3)\n"
    )
    made = {"__name__": "skimage.transform._warps", "zoom": zoo.scipy.ndimage.zoom}
    exec(compile(library, "<string>", "exec"), made)
    stand_in = made["resize"]
    module.resize = stand_in
    monkeypatch.setitem(sys.modules, "skimage.transform", module)
    source = (
        "from skimage.transform import resize as rs\nimport numpy as np\n"
        "class Scans:\n    def __len__(self): return 3\n    def __getitem__(self, index):\n"
        "        é = '<script>alert(1)</script>'; x = [rs(i, (56, 56)) for i in IMAGES]\n"
        "        return np.stack(x)\n"
    )
    names = {"__name__": "cell"}
    file = "<ipython-input-1>"  # as a notebook's cell, which is in no file
    monkeypatch.setitem(linecache.cache, file, (len(source), None, source.splitlines(True), file))
    exec(compile(source, file, "exec"), names)
    names["IMAGES"] = [zoo.smooth(224, 224, 3, n) for n in range(3)]
    # Whether joining the images is hot as well depends on how busy the machine is.
    advice = only([a for a in ask(names["Scans"]()) if a.line == 6])
    assert "x = [resized(i, (56, 56)) for i in IMAGES]" in advice.code_after
    assert advice.after.min() >= 0 and advice.after.max() <= 1
    html = advice._repr_html_()
    assert "<script" not in html
    assert html.count("data:image/png;base64,") == 3


def test_the_shown_resize_is_near_the_mean_over_areas():
    image = zoo.smooth(64, 64, 3)
    expected = image.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(resizing.resized(image, (16, 16)) * 255 - expected).max() < 0.01
    assert np.abs(resizing.resized(image, (16, 16, 3), True) - expected).max() < 0.01
    assert resizing.resized(image[..., :1], (16, 16)).shape == (16, 16, 1)


def test_filled_is_numpys_array():
    images = [zoo.smooth(8, 9, 3, n) for n in range(3)]
    assert np.array_equal(stacking.filled(images), np.array(images))
    assert stacking.filled(images, np.float32).dtype == np.float32


def test_everything_is_as_it_was_also_after_an_error():
    codes = {f: f.__code__ for f in vars(zoo.Transforms).values() if hasattr(f, "__code__")}
    loader, trace, profile = zoo.Fails(), sys.gettrace(), sys.getprofile()
    before, state = dict(loader.__dict__), np.random.get_state()[1].copy()
    with pytest.raises(RuntimeError, match="no more"):
        ask(loader)
    assert {f: f.__code__ for f in codes} == codes
    assert all(f.__code__ is code for f, code in codes.items())
    assert loader.__dict__ == before
    assert np.array_equal(np.random.get_state()[1], state)
    assert (sys.gettrace(), sys.getprofile()) == (trace, profile)


def test_a_profile_taken_before_is_used():
    profile = wb.profile_lines(zoo.Transforms(), seconds=0.05)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.measure.lines.session.profile", None)
        found = wb.advise(zoo.Transforms(), profile)
        nothing_hot = dataclasses.replace(profile, hot=())
        assert wb.advise(zoo.Transforms(), nothing_hot) == ()
    assert [a.line for a in found] == [line_of("transform")]


def test_code_that_is_not_the_files_any_more_is_left_alone(tmp_path):
    file = tmp_path / "edited.py"
    file.write_text("def f(x):\n    return abs(x)\n")
    names = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    seen = []

    def hook(node):
        return lambda function, *values: seen.append(values) or function(*values)

    twin = types.FunctionType(rewrite.insert_hooks(names["f"].__code__, {2}, hook), names)
    assert (twin(-3), seen) == (3, [(-3,)])
    file.write_text("def f(x):\n    return max(x, 1)\n")
    linecache.checkcache(str(file))
    assert rewrite.insert_hooks(names["f"].__code__, {2}, hook) is None


def test_a_class_of_a_notebooks_cell_that_imports_numpy_as_well_is_known():
    """IPython compiles a cell statement by statement."""
    source = (
        "import numpy as np\n\nclass Own:\n    def __len__(self): return 3\n"
        "    def __getitem__(self, index):\n        out = np.array(IMAGES)\n"
        "        for i in range(len(out)):\n"
        "            out[i] = (out[i] - np.mean(out[i])) / np.std(out[i])\n        return out\n"
    )
    file, names = "<ipython-input-2>", {"__name__": "cell"}
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    for node in ast.parse(source).body:
        exec(compile(ast.Module([node], []), file, "exec"), names)
    names["IMAGES"] = np.random.default_rng(1).normal(size=(64, 32))
    assert [advice.line for advice in ask(names["Own"]())] == [7]
    del linecache.cache[file]


def test_hooks_change_nothing_that_the_code_computes():
    """Nested calls, comprehensions, `super`, name mangling, starred arguments, closures."""
    source = """
class Base:
    def go(self, *a, **k): return a, k
class Sub(Base):
    __hidden = 2.0
    def go(self, *a, n=3):
        double = lambda v: v * self.__hidden
        own = {v: double(v) / 4 for v in sorted(a)}
        return super().go(*map(double, a), **dict(own=own, n=f"{max(n, 1) * 2}"), here=locals())
"""
    file = "<hooked>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    names = {}
    exec(compile(source, file, "exec"), names)
    sub, counted = names["Sub"](), []

    def hook(node):
        counted.append(node)
        if isinstance(node, ast.BinOp):
            return operator.truediv if isinstance(node.op, ast.Div) else operator.mul
        return lambda function, *a, **k: function(*a, **k)

    def told():
        return re.sub("0x[0-9a-f]+", "", repr(sub.go(3, 1)))

    expected = told()
    code = rewrite.insert_hooks(names["Sub"].go.__code__, set(range(1, 12)), hook)
    names["Sub"].go.__code__ = code
    assert told() == expected
    assert len(counted) > 5
    del linecache.cache[file]


def test_pieces_that_depend_on_local_names_are_not_remembered(tmp_path):
    assert not [a for a in ask(zoo.Loads(tmp_path, ".png")) if "memory" in a.instead]


def test_images_by_a_number_only():
    def known(*values, divides=True):
        return kinds._is_by_number(types.SimpleNamespace(arguments=values), divides)

    whole, doubles = np.ones(3, np.uint8), np.ones((2, 3, 3))
    assert known(whole, 255.0) and known(whole, 255) and known(doubles, 255.0)
    assert not known(whole, 2, divides=False)  # stays whole
    for pair in (
        (np.ones(3), 255.0),  # no image
        (doubles.astype(np.float32), 255.0),
        (3, 4.0),
        (whole, np.ones(3)),
        (whole, 0),
    ):
        assert not known(*pair)


# What batches use


def test_zipped_iterators_are_each_to_be_made_faster():
    found = ask(zoo.zipped(zoo.iterator(3), zoo.iterator(1)))
    assert [a.instead for a in found] == ["wb.faster(images)", "wb.faster(masks)"]
    for advice, shape in zip(found, ((zoo.SIZE, 48, 64, 3), (zoo.SIZE, 48, 64, 1)), strict=True):
        assert advice.line == line_of("zipped")
        assert advice.calls_per_batch == 1
        assert advice.difference.most < 1
        assert advice.before.shape == advice.after.shape == shape
        assert np.ptp(advice.before) > 100
    assert "images = wb.faster(images)  # once" in found[0].code_after


def test_iterators_that_a_dataset_wraps_are_named_by_where_it_holds_them():
    found = {a.instead: a for a in ask(zoo.Wrapped())}
    assert list(found) == ["wb.faster(self.parts['masks'])", "wb.faster(self.parts['images'])"]
    assert {a.line for a in found.values()} == {line_of("wrapped")}
    assert {a.function for a in found.values()} == {"Wrapped._part"}


def test_iterators_without_a_line_of_the_users_are_told_by_their_size():
    advice, other = ask(zip(zoo.iterator(3), zoo.iterator(1, seed=None), strict=False))
    assert "(12 images of 48 × 64 × 3)" in advice.what
    assert "(12 images of 48 × 64 × 1)" in other.what
    assert (advice.line, advice.code_before) == (0, "generator.flow(...)")
    assert "Without a seed it has its own." in str(other)
    assert "Without a seed" not in str(advice)


def test_the_iterator_goes_on_as_it_was_and_keras_gets_its_methods_back():
    kind = type(zoo.iterator(3)).__mro__[1]
    methods = [vars(kind)[name] for name in ("__next__", "__getitem__")]
    wrapped, state = zoo.Wrapped(), np.random.get_state()[1].copy()
    x, lock = wrapped.parts["images"].x.copy(), wrapped.parts["images"].lock
    assert ask(wrapped)
    assert [vars(kind)[name] for name in ("__next__", "__getitem__")] == methods
    assert np.array_equal(wrapped.parts["images"].x, x)
    assert wrapped.parts["images"].lock is lock
    assert np.array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    "make",
    [
        zoo.flows_anew,
        lambda: zoo.zipped(zoo.integers(), zoo.integers()),
    ],
    ids=["made anew", "refused by wb.faster"],
)
def test_nothing_is_said_of_iterators_that_cannot_be_made_faster(make):
    assert not [a for a in ask(make()) if "faster" in a.instead]


@pytest.fixture
def pools_made(monkeypatch):
    """How many pools are made by the old batches and by the new ones, after a first of each."""
    made, times = {}, times_of(4, 1, 30)
    counted = []
    for kind in (pool.Pool, ThreadPoolExecutor):
        init = kind.__init__

        def counting(self, *arguments, init=init, **keywords):
            counted.append(self)
            init(self, *arguments, **keywords)

        monkeypatch.setattr(kind, "__init__", counting)

    def timed(old, new, batch):
        for name, (run,) in (("old", old), ("new", new)):
            counted.clear()
            for _ in range(3):
                run()
            made[name] = len(counted)
        return times

    monkeypatch.setattr(finding, "timed", timed)
    return made


@pytest.mark.parametrize(
    ("loader", "mark", "code"),
    [
        ("assigned", "assigned", "pool = {}ThreadPool, self.threads)"),
        (
            "closed",
            "closed",
            "with contextlib.nullcontext({}ThreadPool, processes=self.threads)) as pool:",
        ),
        ("not_waited_for", "not waited for", "pool = {}multiprocessing.dummy.Pool, 3)"),
        (
            "executor",
            "executor",
            "with contextlib.nullcontext({}ThreadPoolExecutor, self.threads)) as pool:",
        ),
        (zoo.pools, "pools", "pool = {}ThreadPool, 2)"),
    ],
)
def test_a_pool_of_each_batch_is_to_be_made_once(loader, mark, code, pools_made):
    before = threading.active_count()
    made = zoo.Pools(loader) if isinstance(loader, str) else loader
    profile = dataclasses.replace(wb.profile_lines(made, seconds=0.05), hot=())
    advice = only(wb.advise(made, profile))
    assert (advice.line, advice.calls_per_batch) == (line_of(mark), 1)
    assert code.format("kept_pool(os.getpid(), ") in advice.code_after
    assert pools_made == {"old": 3, "new": 0}
    assert advice.batch_ms == advice.old_ms, "a whole batch is what is timed"
    assert advice.difference.most == 0, "all tasks were waited for"
    until(lambda: threading.active_count() <= before)  # those of a pool may still be ending
    kept = run_shown(advice, "kept_pool")
    pools = {kept(process, ThreadPool, 1) for process in (1, 1, 2)}
    assert len(pools) == 2, "one in each process"
    for each in pools:
        each.terminate()


def test_random_batches_are_not_compared():
    advice = only([a for a in ask(zoo.Pools("closed", random=True)) if "once" in a.instead])
    assert advice.difference is None
    assert "Batches are random, so their values are not compared." in str(advice)
    assert "data:image" not in advice._repr_html_()


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (lambda: zoo.Pools("at_first"), []),
        (lambda: zoo.pool_of_all_batches, []),
        (lambda: zoo.Pools("nested"), ["with ThreadPool(1) as outer:"]),
    ],
    ids=["kept already", "made once", "made by a task of another pool"],
)
def test_nothing_is_said_of_pools_that_are_kept_or_made_by_tasks(make, lines):
    found = [a for a in ask(make()) if a.instead == "make it once and keep it"]
    assert [a.code_before for a in found] == lines
    while zoo.KEPT:
        zoo.KEPT.pop().terminate()


# Whole statements


@pytest.mark.parametrize(
    ("make", "mark", "source"),
    [
        (zoo.LoopScaled, "loop", "standardized(batch, batch)"),
        (zoo.EnumerateScaled, "enumerate", "standardized(self.x, out, epsilon=self.epsilon)"),
        (zoo.ComprehensionScaled, "comprehension", "standardized(x, epsilon=1e-07), 0"),
    ],
)
def test_a_loop_over_samples_becomes_one_call_for_all(make, mark, source):
    loader = make(128, 64)
    advice = advice_at(mark, ask(loader), "all samples")
    assert advice.code_after.rsplit("\n\n", 1)[1].removeprefix("return ").startswith(source)
    assert advice.calls_per_batch == 1
    assert advice.difference.most < 0.01
    expected = loader[0][0]
    out = run_shown(advice, "standardized")(loader.x.copy(), None, _epsilon_of(mark))
    assert np.abs(out - expected).max() < 1e-5
    assert np.array_equal(advice.before, expected)


def _epsilon_of(mark):
    return {"loop": 0, "enumerate": 1e-3, "comprehension": 1e-7}[mark]


@pytest.mark.parametrize(
    ("make", "mark"),
    [
        (zoo.LoopScaled, "loop"),
        (zoo.EnumerateScaled, "enumerate"),
        (zoo.ComprehensionScaled, "comprehension"),
    ],
)
@pytest.mark.parametrize("shape", [(96, 48, 48, 1), (5, 200, 300, 3), (8, 64)])
def test_the_loop_all_at_once_and_in_blocks_give_the_same(make, mark, shape):
    loader = make(*shape)
    expected, before = loader[0][0], loader.x.copy()
    sites = capture.sites_of(as_loader(loader), {(str(ZOO), line_of(mark))}, 1)
    remedy = only([r for site in sites if (r := standardizing.match(site, sites))])
    assert len(remedy.others) == (loader.x.nbytes > standardizing.BLOCK_BYTES)
    assert np.array_equal(remedy.old[0](), expected)
    for way in (remedy, *remedy.others):
        assert np.abs(way.new[0]() - expected).max() < 1e-5
    assert np.array_equal(loader.x, before)


def test_the_way_that_saves_most_is_taken(proved):
    mark = types.SimpleNamespace(node=ast.parse("f(1)", mode="eval").body)
    slow, fast, faster = (functools.partial(proved.sleep, s) for s in (0.004, 0.002, 0.0005))
    assert _best_of(mark, slow, fast, (faster,)) == "0"
    assert _best_of(mark, slow, faster, (fast,)) == "first"
    assert _best_of(mark, slow, slow, (fast,)) == "0"
    assert _best_of(mark, fast, slow, (slow,)) is None


def _best_of(mark, old, new, others):
    def remedy(name, run, others=()):
        runs = [tuple([lambda run=run: run() or np.zeros((4, 4))] * 3) for run in (old, run)]
        return remedies.Remedy("", name, *runs, "f(2)", mark.node, others=others)

    source = "f(1)\n"
    linecache.cache["<best>"] = (len(source), None, [source], "<best>")
    site = capture.Site(types.SimpleNamespace(file="<best>", name="f"), mark.node)
    site.count = site.batches = 1
    loader = as_loader(zoo.Transforms())
    found = finding._best(
        site,
        remedy("first", new, tuple(remedy(str(n), o) for n, o in enumerate(others))),
        loader,
        lambda: None,
    )
    return found and found.instead


@pytest.mark.parametrize(
    "images", [np.ones((64, 64), np.float32), np.arange(4096).reshape(64, 64) % 250]
)
def test_constant_and_whole_samples_are_compared_as_they_come_out(images):
    loader = zoo.LoopScaled(64, 64)
    loader.x = images
    with np.errstate(all="ignore"):
        advice = only(ask(loader))
        assert np.array_equal(advice.before, loader[0][0], equal_nan=True)
    assert advice.difference.most == 0
    assert np.isnan(advice.after).all() == (images.dtype == np.float32)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("for i in range(n):\n b[i] -= b[i].mean()\n b[i] /= b[i].std()", ("b", "b", "")),
        ("for i in range(n):\n s = b[i]\n o[i] = (s-s.mean())/(s.std()+e)", ("b", "o", "e")),
        ("for i, s in enumerate(b):\n m, d = s.mean(), 1\n b[i] = (s - m) / s.std()", None),
        ("for i in range(n):\n b[i] = (b[i] - b[i].mean()) / b[0].std()", None),
        ("for i in range(n):\n b[i] = (b[i] - a[i].mean()) / b[i].std()", None),
        ("for i in range(n):\n b[i] = (b[i] - b[i].mean(axis=0)) / b[i].std()", None),
        ("for i in range(n):\n b[i] = (b[i] - b[i].std()) / b[i].mean()", None),
        ("for i in range(n):\n b[i] = (b[i] - b[i].mean()) / b[i].std()\n log(i)", None),
        ("for i in range(n):\n b[i] = (b[i] - b[i].mean()) / (b[i].std() + f())", None),
        ("for i in range(n):\n if i: b[i] = (b[i] - b[i].mean()) / b[i].std()", None),
        ("for i in load():\n b[i] = (b[i] - b[i].mean()) / b[i].std()", None),
        ("for i, s in load(b):\n b[i] = (s - s.mean()) / s.std()", None),
    ],
)
def test_only_loops_that_scale_samples_are_known(statement, expected):
    form = standardizing_loop.parse_standardization(ast.parse(statement).body[0])
    assert expected == (form and (form.source, form.target, form.epsilon))


def test_an_array_made_to_be_filled_is_to_be_float32():
    advice = advice_at("empty", ask(zoo.Filled(384)))
    assert "X = np.empty((SIZE, *self.x.shape[1:]), dtype=np.float32)" in advice.code_after
    assert (advice.difference.old_dtype, advice.difference.new_dtype) == ("float64", "float32")
    assert (advice.difference.most, advice.calls_per_batch) == (0, 1)
    assert advice.before.shape == (zoo.SIZE, 384, 384, 3)


@pytest.mark.parametrize(
    ("loader", "mark", "source"),
    [
        (zoo.DividesInPlace, "in place", "batch = np.multiply(batch, np.float32(1 / by)"),
        (zoo.Divides, "double", "return np.multiply(batch, np.float32(1 / by)"),
    ],
)
def test_dividing_float64_gives_float32_in_its_place(loader, mark, source):
    advice = advice_at(mark, ask(loader()))
    assert advice.code_after.startswith(f"{source}, dtype=np.float32)")
    assert 0 < advice.difference.most < 1e-3
    assert advice.after.dtype == np.float32
    assert np.array_equal(advice.before, loader()[0][0])


def test_apply_affine_transform_called_directly_becomes_a_warp():
    advice = advice_at("affine", ask(zoo.Affine()))
    assert "warped(image, {'theta': 10 * n, 'zx': 1.1})  # affine" in advice.code_after
    assert advice.difference.most <= 1


@pytest.mark.parametrize(
    "keywords",
    [{"row_axis": 1}, {"fill_mode": "wrap"}, {"order": 3}, {"fill_mode": "constant", "cval": 1}],
)
def test_other_affine_transforms_are_left_alone(keywords):
    def apply_affine_transform():
        raise AssertionError

    apply_affine_transform.__module__ = "keras.src"
    usual = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
    node = ast.parse("f(x)", mode="eval").body
    site = capture.Site(types.SimpleNamespace(file="", name="f"), node)
    for extra, known in ((keywords, False), ({}, True)):
        named = {**usual, **extra}
        image = zoo.smooth(8, 8, 3)
        site.calls = [captured_call.CapturedCall(apply_affine_transform, None, (image,), named)]
        assert (keras_transforms.match(site, [site]) is not None) is known


def test_what_is_asked_between_candidates_ends_the_search():
    asked = []

    def between():
        asked.append(1)
        if len(asked) > 3:
            raise InterruptedError

    profile = wb.profile_lines(zoo.Transforms(), seconds=0.05)
    code = zoo.Transforms._augmented.__code__
    with pytest.raises(InterruptedError):
        finding.find(as_loader(zoo.Transforms()), profile, between)
    assert len(asked) == 4
    assert zoo.Transforms._augmented.__code__ is code
