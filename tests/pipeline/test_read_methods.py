"""All ways of reading the same data: the same pixels, in threads, copies and processes too."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import workbench as wb
from tests.conftest import array_settings
from workbench.inputs import settings_of
from workbench.pipeline.cache.memory import MemoryCache
from workbench.pipeline.images.decode import decode
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources import image_files
from workbench.pipeline.sources.open_source import open_source, reopen
from workbench.settings import Augmentation
from workbench.settings.data import READ_METHODS

ALL = np.arange(10)
FILES = READ_METHODS["folder"]
NPY = READ_METHODS["npy"]


def with_method(settings, method, **more):
    return settings.updated({"methods": {"read": method}, **more})


@pytest.fixture
def folder_settings(class_folder):
    return settings_of(class_folder)[0].updated(
        {"data": {"image_size": [24, 20]}, "batch": {"size": 4}}
    )


@pytest.fixture
def npy_folder(tmp_path, rng):
    np.save(tmp_path / "data.npy", rng.integers(0, 256, (10, 24, 20, 3), np.uint8))
    np.save(tmp_path / "labels.npy", np.arange(10) % 2)
    return tmp_path


@pytest.fixture
def decoded(monkeypatch):
    """Paths in the order in which they are decoded."""
    paths = []

    def counting(path, *rest):
        paths.append(path)
        return decode(path, *rest)

    monkeypatch.setattr(image_files, "decode", counting)
    return paths


def epochs(settings, source):
    p = Pipeline(settings, source)
    return [p.batch(index, epoch) for epoch in (0, 1) for index in range(len(p))]


def assert_same(one, other):
    for batch, twin in zip(one, other, strict=True):
        for array, its_twin in zip(batch, twin, strict=True):
            assert array.dtype == its_twin.dtype
            np.testing.assert_array_equal(array, its_twin)


@pytest.mark.parametrize("method", FILES[1:])
def test_files_give_the_same_batches_however_they_are_read(folder_settings, method):
    settings = folder_settings.updated({"augmentation": {"rotation_range": 30}})
    other = with_method(settings, method)
    assert_same(epochs(settings, open_source(settings)), epochs(other, open_source(other)))


@pytest.mark.parametrize("method", NPY[1:])
def test_npy_folders_give_the_same_batches_however_they_are_read(npy_folder, method):
    settings = settings_of(npy_folder)[0].updated({"batch": {"size": 4}})
    other = with_method(settings, method, augmentation={})
    assert_same(epochs(settings, open_source(settings)), epochs(other, open_source(other)))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(10, 6, 5), (10, 6, 5, 2)])
def test_arrays_give_the_same_batches_however_they_are_read(rng, shape, dtype):
    x = (255 * rng.random(shape)).astype(dtype)
    settings = array_settings(x, augmentation=Augmentation(rotation_range=9))
    settings = settings.updated({"batch": {"size": 3}})
    as_list = with_method(settings, "list")
    there = epochs(settings, open_source(settings, x))
    assert_same(there, epochs(as_list, open_source(as_list, x)))
    reopened = reopen(open_source(settings, x), as_list)
    assert reopened.as_list
    assert_same(there, epochs(as_list, reopened))


def test_a_list_takes_no_second_copy_and_is_not_pickled(rng):
    x = rng.random((10, 40, 40, 1))
    settings = with_method(array_settings(x), "list")
    source = open_source(settings, x)
    source.read(ALL)
    assert all(np.shares_memory(sample, x) for sample in source._samples)
    sent = pickle.dumps(source)
    assert len(sent) < 1.1 * x.nbytes
    np.testing.assert_array_equal(pickle.loads(sent).read(ALL)[0], x)


def test_nan_is_found_in_lists_too():
    x = np.zeros((10, 4, 4, 1), np.float32)
    x[3] = np.nan
    source = open_source(with_method(array_settings(x), "list"), x)
    with pytest.raises(ValueError, match="rows 3"):
        source.read(ALL)


def test_files_in_memory_are_decoded_once_at_their_first_touch(folder_settings, decoded):
    source = open_source(with_method(folder_settings, "files_in_memory"))
    assert not decoded, "opening it takes no time"
    source.read(ALL[:4])
    for _ in range(3):
        images, _ = source.read(ALL)
    assert len(decoded) == len(set(decoded)) == 10
    images[:] = 0
    assert source.read(ALL)[0].any(), "the caller's batch is its own"


def test_files_are_decoded_for_each_batch(folder_settings, decoded):
    source = open_source(folder_settings)
    source.read(ALL)
    source.read(ALL)
    assert len(decoded) == 20


def test_what_files_in_memory_take_is_known_before(folder_settings, monkeypatch):
    source = open_source(with_method(folder_settings, "files_in_memory"))
    assert source.memory_bytes == 10 * 24 * 20
    assert open_source(folder_settings).memory_bytes == 0
    deep = with_method(folder_settings, "files_in_memory", data={"bit_depth": 16})
    assert reopen(source, deep).memory_bytes == 2 * 10 * 24 * 20
    monkeypatch.setattr("workbench.pipeline.cache.memory._machine_memory", lambda: 4000.0)
    with pytest.raises(MemoryError, match=r"files_in_memory needs 0\.0 GB for 10 images"):
        reopen(source, deep)


def test_other_pixels_are_not_taken_from_memory(folder_settings):
    source = open_source(with_method(folder_settings, "files_in_memory"))
    source.read(ALL)
    changed = with_method(folder_settings, "files_in_memory", data={"interpolation": "nearest"})
    expected = open_source(with_method(changed, "files")).read(ALL)[0]
    np.testing.assert_array_equal(reopen(source, changed).read(ALL)[0], expected)
    assert reopen(source, with_method(folder_settings, "files")).cache is None
    assert reopen(source, with_method(folder_settings, "files_in_memory")) is source


def test_threads_that_fill_the_memory_together_see_whole_images(folder_settings):
    expected = open_source(folder_settings).read(ALL)[0]
    for _ in range(5):
        source = open_source(with_method(folder_settings, "files_in_memory"))
        with ThreadPoolExecutor(8) as pool:
            for images, rows in pool.map(lambda _, s=source: s.read(ALL[::-1]), range(16)):
                np.testing.assert_array_equal(images, expected[rows])


@pytest.mark.parametrize("method", FILES)
def test_a_pickled_copy_reads_the_same(folder_settings, method):
    source = open_source(with_method(folder_settings, method))
    images = source.read(ALL)[0]
    sent = pickle.dumps(source)
    assert len(sent) < 10_000, "pixels are not sent"
    np.testing.assert_array_equal(pickle.loads(sent).read(ALL)[0], images)


def test_what_one_forked_process_decodes_all_others_have(folder_settings, decoded):
    source = open_source(with_method(folder_settings, "files_in_memory"))
    child = multiprocessing.get_context("fork").Process(target=source.read, args=(ALL,))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    images, _ = source.read(ALL)
    assert not decoded, "this process found them all"
    np.testing.assert_array_equal(images, open_source(folder_settings).read(ALL)[0])


def test_unreadable_files_are_skipped_from_memory_as_from_files(class_folder, folder_settings):
    (class_folder / "clear" / "2.png").write_bytes(b"no image")
    settings = with_method(folder_settings, "files_in_memory", data={"unreadable": "skip"})
    source = open_source(settings)
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"skipped: .*2\.png"):
            images, rows = source.read(ALL)
        assert rows.tolist() == [0, 1, 3, 4, 5, 6, 7, 8, 9]
        assert images.any(axis=(1, 2, 3)).all()


def test_room_for_no_image_is_no_error():
    assert MemoryCache(0, (2, 2, 1), np.dtype(np.uint8), "x")._pixels.shape == (0, 2, 2, 1)


def test_a_saved_file_names_the_way_of_reading(folder_settings, tmp_path):
    settings = with_method(folder_settings, "files_in_memory")
    loaded = wb.load(wb.Tuned(settings=settings).save(tmp_path / "t.json"))
    assert loaded.dataset().pipeline.source.cache is not None


def first_batch(panel):
    with panel._subject.loader(panel.settings) as dataset:
        return dataset.original.batch(0, 1)


@pytest.mark.parametrize("method", [*FILES, *NPY])
def test_a_panel_opens_with_each_way_of_reading(request, method):
    folder = request.getfixturevalue("class_folder" if method in FILES else "npy_folder")
    panel = wb.Workbench(folder)
    try:
        there = first_batch(panel)
        panel.set(read_method=method)
        assert panel.settings.methods.read == method
        assert_same([first_batch(panel)], [there])
    finally:
        panel.close()


@pytest.mark.parametrize("method", READ_METHODS["arrays"])
def test_a_panel_of_arrays_opens_with_each_way_of_reading(rng, method):
    panel = wb.Workbench((rng.random((10, 8, 8, 1)).astype(np.float32), np.arange(10) % 2))
    try:
        there = first_batch(panel)
        panel.set(read_method=method)
        assert_same([first_batch(panel)], [there])
    finally:
        panel.close()
