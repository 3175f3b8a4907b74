"""Augmented copies in a file without a name: the same batches, little memory, nothing left."""

from __future__ import annotations

import errno
import gc
import io
import multiprocessing
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT, array_settings
from tests.pipeline.test_copies import COUNT, by_sample, made
from workbench.pipeline.cache import disk
from workbench.pipeline.cache.disk import DiskCache
from workbench.pipeline.cache.memory import MemoryCache
from workbench.pipeline.pipeline import Pipeline, copies_bytes
from workbench.settings import Methods, SettingsError
from workbench.tuned import Tuned

SHAPE = (3, 4, 2)
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty one, where the files are made; empty at the end too."""
    place = tmp_path / "room"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    yield place
    assert not list(place.iterdir())


@pytest.fixture
def x(rng):
    return rng.integers(0, 256, (COUNT, 12, 10, 3), np.uint8)


def open_files(place):
    links = Path("/proc/self/fd").iterdir() if sys.platform == "linux" else ()
    return [link for link in links if str(place) in os.path.realpath(link)]


def on_disk(x, copies, **changes):
    return made(x, copies, **changes, methods={"copies": copies, "copies_in": "disk"})


def held(count=5):
    return DiskCache(count, SHAPE, np.dtype(np.float32), "methods.copies")


def in_script(body, **environment):
    code = "from tests.pipeline.test_copies_on_disk import *\n" + textwrap.dedent(body)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


# In forked workers, as Keras's: what the pool is made with is inherited, not sent.
def _begin(pipeline):
    global _pipeline  # noqa: PLW0603
    _pipeline = pipeline


def _batch(asked):
    return _pipeline.batch(*asked)


def in_processes(p, asked):
    with multiprocessing.get_context("fork").Pool(2, _begin, (p,)) as pool:
        return pool.map(_batch, asked, chunksize=1)


def in_threads(p, asked):
    with ThreadPool(2) as pool:
        return pool.map(lambda one: p.batch(*one), asked, chunksize=1)


def in_turn(p, asked):
    return [p.batch(*one) for one in asked]


@pytest.mark.parametrize("feed", [in_turn, in_threads, in_processes])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_batches_are_those_of_memory_and_of_no_copies(x, folder, feed, dtype):
    changes = {"batch": {"size": 6, "dtype": dtype}, "augmentation": {"rescale": None}}
    disk, memory, without = on_disk(x, 3, **changes), made(x, 3, **changes), made(x, 0, **changes)
    asked = [(index, epoch) for epoch in range(7) for index in range(len(disk))]
    for (index, epoch), (images, labels) in zip(asked, feed(disk, asked), strict=True):
        fresh = without.transform(x[labels], labels, epoch % 3)
        assert images.dtype == dtype
        assert images.tobytes() == memory.batch(index, epoch)[0].tobytes() == fresh.tobytes()
        np.testing.assert_array_equal(labels, without.batch(index, epoch)[1])
    assert disk._cache._stored.all(), "what workers have made, this process finds"


def test_nothing_is_augmented_a_second_time(x, folder, monkeypatch):
    p, calls = on_disk(x, 2), []
    monkeypatch.setattr(p, "transform", lambda *a: calls.append(1) or Pipeline.transform(p, *a))
    for epoch in range(5):
        batch = p.batch(0, epoch)[0]
        by_sample(p, epoch)
        batch[:] = -1
        assert by_sample(p, epoch).min() >= 0, "a batch is the caller's own"
    assert len(calls) == 2 * len(p)


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_spawned_processes_share_the_file(x, folder, start):
    p = on_disk(x, 1)
    child = multiprocessing.get_context(start).Process(target=by_sample, args=(p, 0))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert p._cache._stored.all()
    np.testing.assert_array_equal(by_sample(p, 1), by_sample(made(x, 0), 0))


def test_a_pickled_copy_has_its_own_file(x, folder):
    p = on_disk(x, 2)
    by_sample(p, 0)
    other = pickle.loads(pickle.dumps(p))
    assert not other._cache._stored.any()
    np.testing.assert_array_equal(by_sample(other, 2), by_sample(p, 0))


def test_an_image_is_there_only_once_it_is_whole(folder, monkeypatch, rng):
    room, images, write = held(), rng.random((5, *SHAPE), np.float32), os.pwrite

    def a_little(file, data, start):
        for row in range(5):
            there = room.get(row)
            assert there is None or there.tobytes() == images[row].tobytes()
        return write(file, data[:7], start)  # as the system may do

    monkeypatch.setattr(os, "pwrite", a_little)
    for row in (3, 0, 4, 0):
        room.put(row, images[row])
    np.testing.assert_array_equal(room.take(np.array([3, 0, 4])), images[[3, 0, 4]])
    assert room.take(np.array([3, 1])) is None


def test_an_image_whose_process_was_killed_is_not_there(folder, monkeypatch, rng):
    room, image, write = held(), rng.random(SHAPE, np.float32), os.pwrite

    def killed(file, data, start):
        write(file, data[:50], start)
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(os, "pwrite", killed)
    child = multiprocessing.get_context("fork").Process(target=room.put, args=(2, image))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    assert room._pixels[2].any(), "half of it was written"
    assert room.get(2) is None


def test_without_pwrite_it_is_written_through_the_map(folder, monkeypatch, rng):
    monkeypatch.setattr(disk, "HAS_PWRITE", False)
    room, image = held(), rng.random(SHAPE, np.float32)
    room.put(1, image)
    np.testing.assert_array_equal(room.get(1), image)
    assert room.get(0) is None


@linux
@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_copies_on_disk_take_no_memory(folder, kind):
    """48 MB of copies; those in memory, which are shared, show that this would see them."""
    script = in_script(
        f"""
        from workbench.pipeline.sources.open_source import open_source

        x = np.zeros((250, 128, 128, 3), np.uint8)
        settings = array_settings(x, methods=Methods(read="array", copies=1, copies_in={kind!r}))
        p = Pipeline(settings, open_source(settings, x), subset=None)
        p.batch(0, 0)
        before = memory()
        for epoch in range(2):
            for index in range(len(p)):
                p.batch(index, epoch)
        print(memory() - before, copies_bytes(settings, 250, (128, 128, 3)))
        """
    )
    grown, held_bytes = map(int, script.communicate(timeout=60)[0].split())
    assert script.returncode == 0
    assert held_bytes == 250 * 128 * 128 * 3 * 4 == 49_152_000
    assert (grown > 0.8 * held_bytes) == (kind == "memory")
    assert kind == "memory" or grown < 0.4 * held_bytes, "a batch or two, 6 MB each"


def memory():
    """Bytes of anonymous and shared memory of this process, without pages of files."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return sum(int(n) << 10 for n in re.findall(r"Rss(?:Anon|Shmem):\s+(\d+)", status))


@linux
def test_a_process_that_is_killed_leaves_nothing(folder):
    script = in_script(
        """
        x = np.zeros((COUNT, 12, 10, 3), np.uint8)
        p = on_disk(x, 2)
        by_sample(p, 0)
        print(len(open_files(os.environ["TMPDIR"])), flush=True)
        signal.pause()
        """
    )
    assert int(script.stdout.readline()) >= 1
    assert not list(folder.iterdir()), "it has no name"
    script.kill()
    script.communicate(timeout=30)
    assert not list(folder.iterdir())


@linux
def test_the_file_goes_with_the_pipeline(x, folder):
    p = on_disk(x, 2)
    by_sample(p, 0)
    assert open_files(folder)
    del p
    gc.collect()
    assert not open_files(folder)


def test_no_warning_is_left_at_the_end(folder):
    script = in_script(
        """
        x = np.zeros((COUNT, 12, 10, 3), np.uint8)
        p, other = on_disk(x, 2), on_disk(x, 2)
        del other
        by_sample(p, 0)
        """,
        PYTHONWARNINGS="error",
        PYTHONDEVMODE="1",
    )
    script.stdout.close()
    assert script.wait(60) == 0


def test_too_little_room_is_told_before_any_is_taken(x, folder, monkeypatch):
    usage = shutil.disk_usage(folder)._replace(free=80_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda where: usage)
    said = rf"methods\.copies on disk, in {re.escape(str(folder))}: 8\.65e-05 GB needed, 8e-05 GB"
    with pytest.raises(OSError, match=said) as caught:
        on_disk(x, 3)
    assert caught.value.errno == errno.ENOSPC
    assert not open_files(folder)
    assert copies_bytes(on_disk(x, 2).settings, COUNT, (12, 10, 3)) == 57_600


def test_a_folder_that_is_not_there_is_named(x, folder, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(folder / "gone"))
    with pytest.raises(OSError, match=r"copies on disk, in .*gone: No such file.* set TMPDIR"):
        on_disk(x, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_others_have_filled_is_an_error_not_a_crash(folder, rng):
    room = held()
    room.put(0, rng.random(SHAPE, np.float32))
    room._file.close()
    room._file = io.FileIO("/dev/full", "r+")
    with pytest.raises(OSError, match=r"copies on disk, in .*: No space .* Free space") as caught:
        room.put(1, rng.random(SHAPE, np.float32))
    room._file.close()
    assert caught.value.errno == errno.ENOSPC
    assert room.get(0) is not None
    assert room.get(1) is None


def test_the_folder_is_not_in_memory_where_there_is_another(folder, monkeypatch):
    assert disk.disk_folder() == str(folder)
    monkeypatch.delenv("TMPDIR")
    assert disk.disk_folder() == "/var/tmp"
    monkeypatch.setattr(disk, "DEFAULT_FOLDER", "/not/there")
    assert Path(disk.disk_folder()).is_dir()


def test_the_json_says_memory_or_disk_and_no_place(x, tmp_path, folder):
    p = on_disk(x, 2)
    text = Tuned(settings=p.settings).save(tmp_path / "tuned.json").read_text()
    assert '"copies_in": "disk"' in text
    assert str(folder) not in text
    assert Methods().copies_in == "memory"
    assert isinstance(made(x, 2)._cache, MemoryCache)
    assert not isinstance(made(x, 2)._cache, DiskCache)
    with pytest.raises(SettingsError, match=r"methods\.copies_in.*'memory' or 'disk'"):
        made(x, 2, methods={"copies_in": "tape"})


@pytest.mark.parametrize(("kind", "where"), [("memory", "in memory"), ("disk", "on disk in ")])
def test_the_panel_says_what_they_take_and_what_is_lost(x, folder, kind, where):
    from workbench.panel.storage_needs import storage_needs

    settings = array_settings(x, methods=Methods(read="array", copies=3, copies_in=kind))
    title = storage_needs(settings, COUNT, 1000, (224, 224, 3))
    assert f"1,806.3 MB {where}" in title
    assert (str(folder) in title) == (kind == "disk")
    assert "each image augmented only 3 × in all epochs" in title
    assert storage_needs(array_settings(x), COUNT, 1000, (224, 224, 3)) == ""
