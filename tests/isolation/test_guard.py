"""What users' code says, removes and changes is caught, told and put back."""

from __future__ import annotations

import functools
import logging
import re
import sys
import threading
import warnings

import keras
import numpy as np
import pytest
from PIL import Image

import workbench as wb
from tests.loaders import loaders_zoo as zoo
from workbench.api import as_loader
from workbench.isolation import held_parts
from workbench.isolation.borrow import Borrowed
from workbench.isolation.capture_output import MAX_LINES, CapturedOutput, capture_output
from workbench.isolation.explain_errors import explain, replacement


def test_prints_logs_and_warnings_are_kept_and_counted():
    said, out, handlers = CapturedOutput(), sys.stdout, logging.getLogger().handlers[:]

    with capture_output(said):
        print("loading", 3)
        print("loading", 3)
        print("bad", file=sys.stderr)
        logging.getLogger("mine").warning("slow %s", "disk")
        warnings.warn("odd", UserWarning, stacklevel=1)

    assert str(said).splitlines() == [
        "loading 3  (×2)",
        "bad",
        "WARNING mine: slow disk",
        "UserWarning: odd",
    ]
    assert sys.stdout is out
    assert logging.getLogger().handlers == handlers


def test_a_thread_that_listens_leaves_the_main_thread_its_output(capsys):
    said, ready, done = CapturedOutput(), threading.Event(), threading.Event()

    def work():
        with capture_output(said):
            print("from the loader")
            ready.set()
            done.wait()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    print("from a cell")
    done.set()
    thread.join()

    assert str(said) == "from the loader"
    assert capsys.readouterr().out == "from a cell\n"


def test_endless_output_stays_small():
    said = CapturedOutput()

    for line in range(1000):
        said.add(f"batch {line}")

    assert len(str(said).splitlines()) == MAX_LINES + 1
    assert "980 more" in str(said)


# Each raised by the library itself, so that a changed wording is noticed.
REMOVED = {
    "np.int": "write int itself",
    "np.float": "write float itself",
    "np.bool8": "np.bool_",
    "exec('from keras.preprocessing.image import ImageDataGenerator')": "tensorflow.keras",
    "keras.preprocessing.image.ImageDataGenerator": "tensorflow.keras",
    "flow().next()": r"next\(iterator\)",
    "(x for x in ()).next()": r"next\(iterator\)",
    "keras.Sequential().fit_generator": "model.fit accepts generators",
    "keras.Sequential().fit(workers=3)": "constructor of keras.utils.PyDataset",
    "Image.ANTIALIAS": "Resampling.LANCZOS",
    "next(running)": "one generator at the same time",
}


@pytest.mark.parametrize("code", REMOVED)
def test_the_replacement_of_a_removed_name_is_told(code):
    def flow():
        images = keras.src.legacy.preprocessing.image.ImageDataGenerator()
        return images.flow(np.zeros((2, 4, 4, 3)))

    def runs():
        next(names["running"])
        yield

    names = {"np": np, "keras": keras, "Image": Image, "flow": flow, "running": runs()}
    with pytest.raises(Exception) as caught:
        eval(code, names)

    explain(caught.value)
    explain(caught.value)

    (note,) = caught.value.__notes__
    assert re.search(REMOVED[code], note)


def test_other_exceptions_get_no_advice():
    assert replacement(KeyError("image_id")) == ""


def test_a_profile_of_code_that_uses_a_removed_name_says_so():
    def batches():
        yield np.zeros(4, np.int)  # type: ignore[attr-defined]

    with pytest.raises(AttributeError) as caught:
        wb.profile_lines(batches)

    assert "write int itself" in caught.value.__notes__[0]


def shuffling(paths):
    while True:
        np.random.shuffle(paths)
        yield (np.zeros(3),)


class Scaling:
    def __init__(self, x):
        self.x = x

    def __len__(self):
        return 2

    def __getitem__(self, index):
        part = self.x[index * 2 : index * 2 + 2]
        part /= 255
        return (part * 1,)


class Buffered(Scaling):
    def __getitem__(self, index):
        self.x[:] = index + 1
        return (self.x,)


class Growing(Scaling):
    def __getitem__(self, index):
        self.x.append(np.zeros(2))
        return (np.zeros(3),)


CHANGING = {
    "shuffles your list paths in place": lambda: shuffling(list(range(50))),
    "shuffles your list argument 0 in place": lambda: functools.partial(shuffling, list(range(50))),
    "writes into your array x": lambda: Scaling(np.full((4, 3), 255.0)),
    "gives the same array x for each batch: copy what you keep": lambda: Buffered(np.zeros(4)),
    "changes your list x: 2 entries, now 3": lambda: Growing([1, 2]),
}


@pytest.mark.parametrize("words", CHANGING)
def test_a_change_of_the_callers_data_is_told(words):
    loader = CHANGING[words]()
    borrowed = Borrowed(as_loader(loader), loader)

    with borrowed.used() as opened:
        borrowed.find_buffers(opened[0])

    assert borrowed.changes() == [words]


@pytest.mark.parametrize("name", zoo.LOADERS)
def test_who_changes_nothing_is_not_accused(name):
    loader = zoo.LOADERS[name]()
    borrowed = Borrowed(as_loader(loader), loader)

    with borrowed.used() as opened:
        for index in range(3):
            borrowed.find_buffers(opened[index])

    expected = ["gives the same array buffer for each batch: copy what you keep"]
    assert borrowed.changes() == (expected if name == "re-used buffer" else [])


def test_of_a_large_array_a_megabyte_is_looked_at():
    big = np.zeros((2000, 100, 100), np.float32)  # 80 MB

    assert sum(part.nbytes for part in held_parts._blocks(big)) < 1.01 * 2**20
    borrowed = Borrowed(as_loader(Scaling(big)))
    big[:1000] = 1
    assert borrowed.changes() == ["writes into your array x"]


def test_a_line_that_prints_is_not_said_to_call_the_workbench():
    def batches():
        while True:
            for number in range(2000):
                print(number)
            yield (np.zeros((2, 3)),)

    with capture_output(CapturedOutput()):
        profile = wb.profile_lines(batches, seconds=0.2)

    (line,) = [line for line in profile.functions[0].lines if "print(number)" in line.source]
    assert line.self_share > 0
    assert line.libraries == ()
