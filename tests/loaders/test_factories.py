"""Factories: a control for each keyword, and the loader again from JSON."""

from __future__ import annotations

import functools
import json
from typing import Literal

import numpy as np
import pytest

import workbench as wb
from tests.loaders import loaders_zoo as zoo
from workbench.loaders.factory_controls import Factory
from workbench.loaders.stored_loader import LoaderSettings, import_path
from workbench.settings import SettingsError, control_name, knobs


def make(
    folder="scans",
    batch_size=32,
    rotation=20.0,
    cache=False,
    mode: Literal["a", "b"] = "b",
    target=None,
    workers=1,
):
    return zoo.Direct()


def shown(factory):
    """{control: (type or choices, slider, value)}"""
    settings = factory.settings
    return {
        control_name(name, field): (
            field.json_schema_extra.get("choices") or field.annotation,
            field.json_schema_extra.get("slider"),
            getattr(getattr(settings, group), name),
        )
        for group, name, field in knobs(settings)
        if group == "keywords"
    }


def test_controls_come_from_the_signature():
    assert shown(Factory(make, {})) == {
        "folder": (str, None, "scans"),
        "batch_size": (int, (1, 96, 1), 32),
        "rotation": (float, (0, 60.0, 0.6), 20.0),
        "cache": (bool, None, False),
        "mode": (["a", "b"], None, "b"),
    }


def test_abbreviations_are_those_of_interact():
    given = {
        "batch_size": (8, 256),
        "rotation": (0.0, 45.0),
        "cache": True,
        "mode": ["a", "b", "c"],
        "folder": ["x", "y"],
    }
    assert shown(Factory(make, given)) == {
        "folder": (["x", "y"], None, "x"),
        "batch_size": (int, (8, 256, 1), 32),
        "rotation": (float, (0.0, 45.0, 0.5), 20.0),
        "cache": (bool, None, True),
        "mode": (["a", "b", "c"], None, "b"),
    }


def test_without_a_default_a_slider_starts_in_the_middle():
    found = shown(Factory(lambda n, x: None, {"n": (8, 256, 8), "x": (-1.0, 1.0)}))

    assert found == {"n": (int, (8, 256, 8), 132), "x": (float, (-1.0, 1.0, 0.02), 0.0)}


def test_what_is_no_abbreviation_is_passed_as_it_is():
    images = np.zeros(3)
    given = {}

    def build(**keywords):
        given.update(keywords)
        return zoo.Direct()

    factory = Factory(build, {"images": images, "target": None, "size": (1, 5)})
    factory.bound(factory.settings)()

    assert given["images"] is images
    assert given == {"images": images, "target": None, "size": 3}


def test_a_factory_that_takes_workers_gets_what_the_feed_stands_at():
    given = {}

    def build(size=3, workers=1):
        given.update(size=size, workers=workers)

    factory = Factory(build, {})
    factory.bound(factory.settings.updated({"feed": {"workers": 4}, "keywords": {"size": 5}}))()

    assert given == {"size": 5, "workers": 4}
    assert list(shown(factory)) == ["size"]


def test_choices_that_json_changes_come_back_as_they_were():
    factory = Factory(lambda size: None, {"size": [(64, 64), (128, 96), None]})

    changed = factory.settings.updated({"keywords": {"size": [128, 96]}})

    assert factory.keywords(changed) == {"size": (128, 96)}
    with pytest.raises(SettingsError, match=r"expected one of \(64, 64\).*Received: \[1, 1\]"):
        factory.settings.updated({"keywords": {"size": [1, 1]}})


def test_names_that_pydantic_keeps_for_itself_can_be_keywords():
    given = {}

    def build(copy=1, model_dump=2, _private=3, schema=4):
        given.update(copy=copy, model_dump=model_dump, _private=_private, schema=schema)

    factory = Factory(build, {})
    factory.bound(factory.settings)()

    assert given == {"copy": 1, "model_dump": 2, "_private": 3, "schema": 4}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"bach_size": (1, 2)}, "unexpected keyword argument 'bach_size'.*|bach_size"),
    ],
)
def test_a_keyword_that_it_does_not_take_is_named(given, words):
    with pytest.raises(TypeError, match=words):
        Factory(make, given)


def test_a_missing_argument_is_named():
    with pytest.raises(TypeError, match=r"missing a required argument: 'folder'"):
        Factory(lambda folder, size=3: None, {"size": (1, 5)})


def local():
    return zoo.Direct()


IMPORTABLE = {
    "tests.loaders.loaders_zoo:make_sequence": zoo.make_sequence,
    "tests.loaders.loaders_zoo:Direct": zoo.Direct,
    "tests.loaders.loaders_zoo:endless": functools.partial(zoo.endless, size=2),
    None: lambda: None,
}


@pytest.mark.parametrize("path", IMPORTABLE)
def test_where_it_can_be_imported_from(path):
    assert import_path(IMPORTABLE[path]) == path


def test_methods_objects_and_positional_arguments_cannot_be_imported():
    assert import_path(zoo.Project().batches) is None
    assert import_path(zoo.Direct()) is None
    assert import_path(functools.partial(zoo.endless, 2)) is None


def saved(path, factory, changes):
    stored = factory.stored(factory.settings.updated(changes))
    return wb.Tuned(settings=stored, evidence={}).save(path / "tuned.json")


def test_a_factory_goes_through_json_and_is_built_again(tmp_path):
    factory = Factory(zoo.make_sequence, {"scale": (0.0, 2.0)})
    file = saved(tmp_path, factory, {"keywords": {"scale": 0.5}, "feed": {"workers": 3}})

    settings = json.loads(file.read_text())["settings"]
    assert settings == {
        "data": {
            "kind": "factory",
            "import": "tests.loaders.loaders_zoo:make_sequence",
            "keywords": {"scale": 0.5},
        },
        "feed": {"workers": 3, "use_multiprocessing": False, "max_queue_size": 10},
    }
    tuned = wb.load(file)
    built = tuned.dataset(factory=zoo.make_sequence)
    assert isinstance(built, zoo.Direct)
    assert built.workers == 3
    assert tuned.dataset(allow_import=True).workers == 3
    assert factory.keywords(factory.restored(tuned.settings)) == {"scale": 0.5}


def test_code_is_imported_only_if_the_caller_allows(tmp_path):
    tuned = wb.load(saved(tmp_path, Factory(zoo.make_sequence, {}), {}))

    with pytest.raises(SettingsError, match=r"would run its code.*allow_import=True"):
        tuned.dataset()


def test_what_cannot_be_imported_is_said(tmp_path):
    with pytest.raises(SettingsError, match=r"null.*dataset\(factory=...\)"):
        wb.load(saved(tmp_path, Factory(lambda: None, {}), {})).dataset(allow_import=True)

    stored = LoaderSettings.parse({"data": {"kind": "factory", "import": "no_such:thing"}})
    with pytest.raises(SettingsError, match="No module named 'no_such'"):
        wb.Tuned(settings=stored).dataset(allow_import=True)


def test_an_object_gets_its_feed_back(tmp_path):
    stored = LoaderSettings.parse({"feed": {"workers": 2, "use_multiprocessing": True}})
    tuned = wb.load(wb.Tuned(settings=stored).save(tmp_path / "tuned.json"))

    built = tuned.dataset(factory=zoo.Direct())

    assert (built.workers, built.use_multiprocessing) == (2, True)


def test_a_misspelt_key_is_named_with_the_nearest(tmp_path):
    with pytest.raises(SettingsError, match=r"feed.wokers: unknown key. Did you mean 'workers'"):
        LoaderSettings.parse({"feed": {"wokers": 2}})
