"""Workers that give other batches than the calling process, or fail where it does not."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import zipfile

import keras
import numpy as np
import pytest

import workbench as wb
from workbench.inputs import as_loader
from workbench.measure.keras_refusal import KerasRefusal, ShapeCheck, refusal
from workbench.measure.workers.open_files import positions
from workbench.measure.workers.shared_state import shared_by_processes

ROWS, WIDTH = 8, 4096


class Loader(keras.utils.PyDataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        return np.full((ROWS, 4), index, np.float32), np.full(ROWS, index)


class FromFile(Loader):
    """Reads at the position of one open file."""

    def __init__(self):
        super().__init__()
        self.scans = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the loader)
        self.scans.write(np.repeat(np.arange(12 * ROWS, dtype=np.uint8), WIDTH).tobytes())
        self.scans.flush()

    def __getitem__(self, index):
        rows = []
        for row in range(index * ROWS, (index + 1) * ROWS):
            self.scans.seek(row * WIDTH)
            rows.append(np.frombuffer(self.scans.read(WIDTH), np.uint8))
        return np.stack(rows), np.arange(ROWS)


class FromZip(Loader):
    def __init__(self):
        super().__init__()
        file = tempfile.TemporaryFile()  # noqa: SIM115
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for row in range(12 * ROWS):
                archive.writestr(str(row), np.random.default_rng(row).bytes(50_000))
        self.archive = zipfile.ZipFile(file)

    def __getitem__(self, index):
        names = map(str, range(index * ROWS, (index + 1) * ROWS))
        return np.stack([np.frombuffer(self.archive.read(name), np.uint8) for name in names]), ()


class OneBuffer(Loader):
    def __init__(self):
        super().__init__()
        self.images = np.zeros((ROWS, 4), np.float32)

    def __getitem__(self, index):
        self.images[:] = index
        return self.images, np.full(ROWS, index)


class Remembers(Loader):
    """Writes to an attribute and reads it back."""

    def __getitem__(self, index):
        self.row = index
        time.sleep(0.001)
        return np.full((ROWS, 4), self.row), np.full(ROWS, index)


class Draws(Loader):
    def __getitem__(self, index):
        images, labels = super().__getitem__(index)
        return images + np.random.rand(ROWS, 1), labels


class FromGenerator(Loader):
    def __init__(self):
        super().__init__()
        self.numbers = (np.full((ROWS, 4), number) for number in range(10**6))

    def __getitem__(self, index):
        return next(self.numbers), np.zeros(ROWS)


class Unpicklable(Exception):
    """Cannot be unpickled: its constructor takes other arguments."""

    def __init__(self, file, row):
        super().__init__(f"{file}, row {row}")


class Exits(Exception):
    def __str__(self):  # noqa: PLE0307
        sys.exit(3)


class Fails(Loader):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def __getitem__(self, index):
        if index == 4:
            raise self.error
        return super().__getitem__(index)


def test_a_file_whose_position_workers_share_is_found_whether_or_not_samples_differ():
    check = wb.check_workers(FromFile(), workers=3)
    assert not check.ok
    assert "open file, self.scans, which forked worker processes share" in str(check)
    assert "Open self.scans in each worker" in check.advice[0]


def test_a_shared_zip_file_is_blamed_for_what_fails_in_workers_only():
    check = wb.check_workers(FromZip(), workers=3)
    assert not check.ok
    assert "open zip file, self.archive, which forked worker processes share" in str(check)


def test_a_file_that_workers_do_not_read_is_not_blamed():
    class Opens(FromFile):
        def __getitem__(self, index):
            return Loader.__getitem__(self, index)

    assert wb.check_workers(Opens(), workers=2).ok
    assert shared_by_processes(as_loader(Opens()))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_buffer_that_is_used_again_does_not_work_with_threads(workers):
    check = wb.check_workers(OneBuffer(), workers=workers, use_multiprocessing=False)
    assert not check.ok
    assert "arrays that it uses again" in str(check)
    assert "np.empty" in check.advice[0]


def test_a_buffer_that_is_used_again_works_with_processes():
    check = wb.check_workers(OneBuffer(), workers=2)
    assert check.ok
    assert any("same contents" in note for note in check.notes)


def test_a_generator_that_yields_one_buffer_does_not_work():
    def batches():
        images = np.zeros((ROWS, 4), np.float32)
        for number in range(10**9):
            images[:] = number
            yield images, np.zeros(ROWS)

    assert "arrays that it uses again" in str(wb.check_workers(batches, workers=1))


def test_an_attribute_that_threads_share_is_named():
    check = wb.check_workers(Remembers(), workers=3, use_multiprocessing=False)
    assert "Workers give other samples than this process does" in check.problems[0]
    assert "__getitem__ sets self.row, which all threads share." in check.problems
    assert check.advice == ("Use local variables instead.",)


@pytest.mark.parametrize("processes", [True, False])
def test_what_is_random_here_too_is_not_compared(processes):
    check = wb.check_workers(Draws(), workers=2, use_multiprocessing=processes)
    assert check.ok
    assert "Not compared: batch[0], which is random here too." in check.notes
    assert any("same contents as batches made here" in note for note in check.notes)


def test_workers_that_continue_copies_of_one_generator_are_found():
    check = wb.check_workers(FromGenerator(), workers=2)
    assert not check.ok
    assert "Workers repeat each other" in check.problems[0]
    assert "holds a generator, self.numbers: each worker process continues a copy" in str(check)


def test_a_generator_that_threads_share_gets_a_lock():
    class Slow(FromGenerator):
        def __init__(self):
            super().__init__()
            self.numbers = self.slow()

        def slow(self):
            while True:
                time.sleep(0.002)
                yield np.zeros((ROWS, 4))

    check = wb.check_workers(Slow(), workers=2, use_multiprocessing=False)
    assert "raised ValueError: generator already executing" in check.problems[0]
    assert "threading.Lock" in check.advice[0]


def test_a_second_epoch_is_tried():
    class Second(Loader):
        ended = False

        def __getitem__(self, index):
            if self.ended:
                raise KeyError("order")
            return super().__getitem__(index)

        def on_epoch_end(self):
            self.ended = True

    loader = Second()
    check = wb.check_workers(loader, workers=2)
    assert check.problems[0].startswith("In the second epoch, after on_epoch_end: __getitem__(")
    assert check.problems[0].endswith("raised KeyError: 'order'")
    assert not loader.ended


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_epoch_begin"])
def test_a_hook_that_raises_is_named(hook):
    def fail(self):
        raise KeyError("order")

    check = wb.check_workers(type("Hooked", (Loader,), {hook: fail})(), workers=2)
    assert check.problems == (f"{hook} raised KeyError: 'order', after the first epoch.",)


@pytest.mark.parametrize("processes", [True, False])
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Unpicklable("a.png", 3), "raised Unpicklable: a.png, row 3"),
        (Exits(), "raised Exits: (its message raised SystemExit)"),
    ],
)
def test_an_exception_that_cannot_be_sent_or_printed_is_shown_at_once(processes, error, text):
    began = time.monotonic()
    check = wb.check_workers(Fails(error), workers=2, use_multiprocessing=processes, seconds=60)
    assert time.monotonic() - began < 20, (
        "a pool would wait forever for a result it cannot unpickle"
    )
    assert check.problems == (f"__getitem__(4) {text}",)


def test_a_rate_raises_an_exception_of_the_same_name():
    with pytest.raises(RuntimeError, match=r"a\.png, row 3") as raised:
        wb.measure_rate(Fails(Unpicklable("a.png", 3)), workers=2, use_multiprocessing=True)
    assert raised.type.__name__ == "Unpicklable"
    with pytest.raises(Unpicklable):
        wb.measure_rate(Fails(Unpicklable("a.png", 3)), workers=2)


def test_shapes_that_change_after_the_first_batches_are_named_with_the_batch():
    class Grows(Loader):
        def __getitem__(self, index):
            return np.zeros((ROWS, 8, 8 if index < 7 else 9, 1)), np.zeros(ROWS)

    words = r"batch at index 7 .*batch\[0\] is \(8, 8, 9, 1\).*expects \(any, 8, 8, 1\).*[Pp]ad"
    with pytest.raises(KerasRefusal, match=words):
        wb.measure_rate(Grows(), seconds=5)
    check = wb.check_workers(Grows(), workers=2)
    assert check.problems[0].startswith("Keras refuses its batches: The batch at index 7")
    assert "__getitem__" not in str(check)


def test_what_a_generator_raises_is_not_said_of_getitem():
    def batches():
        yield from ((np.zeros((ROWS, 4)), np.zeros(ROWS)) for _ in range(20))
        raise KeyError("scan")

    check = wb.check_workers(batches, workers=2, seconds=20)
    assert check.problems == ("The generator function batches raised KeyError: 'scan'",)


def test_the_rate_of_what_fails_in_workers_only_names_the_open_file():
    class Refuses(FromFile):
        here = os.getpid()

        def __getitem__(self, index):
            if os.getpid() != self.here:
                raise OSError("bad data")
            return super().__getitem__(index)

    with pytest.raises(OSError, match="bad data") as raised:
        wb.measure_rate(Refuses(), workers=2, use_multiprocessing=True)
    notes = "\n".join(raised.value.__notes__)
    assert "This process can make the batch at index" in notes
    assert "Open self.scans in each worker" in notes


def test_a_batch_with_other_parts_is_refused_and_what_keras_accepts_is_not():
    spec = type("Spec", (), {"shape": (None, 8, None)})
    check = ShapeCheck((spec, spec))
    for length in (1, 2):
        check.check((np.zeros((length, 8, length)), np.zeros((4, 8, 3))), "The batch")
    with pytest.raises(KerasRefusal, match="other parts"):
        check.check((np.zeros((4, 8, 1)),), "The batch")


@pytest.mark.parametrize("dtype", ["float16", "uint8", "bool", "int64", "complex64"])
def test_numbers_are_not_refused(dtype):
    assert not refusal((np.zeros((2, 3), dtype), {"y": np.zeros(2)}), from_generator=True)


def test_positions_of_open_files_are_read_without_moving_them(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    with path.open("rb", buffering=0) as file:
        file.seek(30)
        assert positions()[file.fileno()] == 30
        assert file.tell() == 30
