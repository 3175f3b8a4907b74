"""Attributes are read without harm from objects that answer to any name, or raise anything."""

from __future__ import annotations

import pytest

from workbench.isolation.restore_state import instance_attributes, restored_state
from workbench.loaders.attributes import attributes_of, feed_of
from workbench.loaders.stored_loader import LoaderSettings, build, import_path
from workbench.settings import Feed

STORED = LoaderSettings(feed=Feed(workers=3))


class AnswersToAnything:
    def __init__(self):
        self.scale = 2.0

    def __getattr__(self, name):
        return lambda *_: name


class RaisesForAnything:
    __slots__ = ()

    def __getattr__(self, name):
        raise KeyError(name)


class RaisingProperty:
    @property
    def workers(self):
        raise RuntimeError("not yet")


WILD = pytest.mark.parametrize("wild", [AnswersToAnything, RaisesForAnything, RaisingProperty])


@WILD
def test_a_feed_that_is_not_there_is_the_default_and_is_not_set(wild):
    loader = wild()
    before = dict(instance_attributes(loader))

    assert feed_of(loader) == Feed()
    assert build(STORED, loader, allow_import=False) is loader
    assert instance_attributes(loader) == before


def test_a_feed_is_set_where_the_object_has_one():
    class Fed:
        workers = 1

        def __init__(self):
            self.max_queue_size = 5

    loader = build(STORED, Fed(), allow_import=False)

    assert vars(loader) == {"workers": 3, "max_queue_size": 10}


@WILD
def test_attributes_are_shown_and_restored_without_asking_for_any_name(wild):
    loader = wild()

    assert attributes_of(loader) == ({"scale": "2.0"} if wild is AnswersToAnything else {})
    assert import_path(loader) is None
    with restored_state(loader):
        pass


def test_classes_have_no_attributes_to_restore():
    assert instance_attributes(AnswersToAnything) == {}
