from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from workbench.settings import (
    NO_PROCESSES,
    Augmentation,
    Batch,
    FolderData,
    Methods,
    Settings,
    SettingsError,
    control_name,
    knobs,
)
from workbench.tuned import Tuned

FOLDER = Settings.for_data(FolderData(path="scans"))


def test_updated_changes_only_what_is_named():
    changed = FOLDER.updated({"batch": {"size": 64}})
    assert changed.batch.size == 64
    assert changed.updated({"batch": {"size": 32}}) == FOLDER


@pytest.mark.parametrize(
    ("group", "field", "value", "words"),
    [
        ("batch", "size", 0, ["batch.size", "greater than or equal to 1", "Received: 0"]),
        ("batch", "size", True, ["batch.size", "valid integer", "Received: True"]),
        ("batch", "size", "32", ["batch.size", "Received: 32"]),
        ("batch", "dtype", "float64", ["batch.dtype", "float32", "Received: float64"]),
        ("augmentation", "rotation_range", 200, ["augmentation.rotation_range", "180"]),
        ("augmentation", "zoom_range", 1.5, ["zoom_range", "Received: 1.5"]),
        ("augmentation", "zoom_range", [1.2, 0.8], ["zoom_range", "lower <= upper"]),
        ("augmentation", "brightness_range", [-1, 2], ["brightness_range", "(-1.0, 2.0)"]),
        ("methods", "read", "memory_map", ["methods.read", "'folder'", "files"]),
        ("feed", "workers", 0, ["feed.workers", "Received: 0"]),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_was_received(group, field, value, words):
    with pytest.raises(SettingsError) as error:
        FOLDER.updated({group: {field: value}})
    for word in words:
        assert word in str(error.value)


def test_an_unknown_key_names_the_nearest_valid_one():
    with pytest.raises(SettingsError, match=r"augmentation\.rotation_rnge.*'rotation_range'"):
        FOLDER.updated({"augmentation": {"rotation_rnge": 3}})
    with pytest.raises(SettingsError, match=r"data\.imagesize.*'image_size'"):
        FOLDER.updated({"data": {"imagesize": [3, 3]}})
    with pytest.raises(SettingsError, match=r"agmentation.*'augmentation'"):
        FOLDER.updated({"agmentation": {}})


@pytest.mark.parametrize("name", ["zca_whitening", "preprocessing_function"])
def test_what_is_left_out_by_decision_says_what_to_do_instead(name):
    with pytest.raises(SettingsError, match=f"{name}: not supported.*model"):
        FOLDER.updated({"augmentation": {name: True}})


@pytest.mark.parametrize(
    "scaling",
    [{"rescale": 0.5}, {"samplewise_center": True}, {"samplewise_std_normalization": True}],
)
def test_integer_batches_cannot_be_rescaled(scaling):
    with pytest.raises(SettingsError, match=r"batch\.dtype: uint8 cannot hold"):
        FOLDER.updated({"batch": {"dtype": "uint8"}, "augmentation": scaling})


@pytest.mark.parametrize("method", NO_PROCESSES)
def test_methods_that_hang_in_processes_are_refused_there(method):
    changes = {"methods": {"augment": method}, "feed": {"use_multiprocessing": True}}
    with pytest.raises(SettingsError, match=f"use_multiprocessing: {method} .* Choose threads"):
        FOLDER.updated(changes)
    changes["feed"]["use_multiprocessing"] = False
    assert FOLDER.updated(changes).methods.augment == method


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        FOLDER.batch.size = 3


@pytest.mark.parametrize("written", [0.2, [0.8, 1.2], [0.8, 1.1]])
def test_zoom_keeps_the_form_it_was_written_in(written):
    settings = FOLDER.updated({"augmentation": {"zoom_range": written}})
    assert settings.model_dump(mode="json")["augmentation"]["zoom_range"] == written


def test_a_shift_in_whole_pixels_stays_a_whole_number():
    settings = FOLDER.updated({"augmentation": {"width_shift_range": 5}})
    assert type(settings.augmentation.width_shift_range) is int
    settings = FOLDER.updated({"augmentation": {"width_shift_range": 5.0}})
    assert type(settings.augmentation.width_shift_range) is float


@given(
    st.builds(
        dict,
        size=st.integers(1, 10_000),
        shuffle=st.booleans(),
        seed=st.integers(0, 2**40),
        dtype=st.sampled_from(["float32", "uint8", "uint16"]),
    ),
    st.floats(0, 180),
    st.one_of(st.floats(0, 0.99), st.tuples(st.floats(0.1, 1), st.floats(1, 3))),
)
def test_any_valid_settings_survive_json(batch, rotation, zoom):
    settings = Settings.for_data(
        FolderData(path="a", class_names=("x", "ü")),
        batch=Batch(**batch),
        augmentation=Augmentation(rotation_range=rotation, zoom_range=zoom),
    )
    assert Settings.parse(json.loads(settings.model_dump_json())) == settings


def test_every_knob_says_what_it_is_and_has_its_own_name():
    names = []
    for group, name, field in knobs(FOLDER):
        assert field.description, f"{group}.{name} has no help"
        names.append(control_name(name, field))
    assert len(names) == len(set(names)) > 25


def test_the_schema_file_is_the_models_schema():
    file = ROOT / "workbench" / "tuned.schema.json"
    wanted = json.dumps(Tuned.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
    assert file.read_text() == wanted, "out of date: run `python -m tests.settings.schema`"


def test_the_schema_accepts_what_we_write_and_refuses_what_we_refuse():
    schema = json.loads((ROOT / "workbench" / "tuned.schema.json").read_text())
    good = Tuned(settings=FOLDER).model_dump(mode="json")
    jsonschema.validate(good, schema)
    good["settings"]["batch"]["size"] = 0
    with pytest.raises(jsonschema.ValidationError, match="minimum"):
        jsonschema.validate(good, schema)


DEFAULTS = {
    "folder": ({"path": "x"}, "files", "int"),
    "npy": ({"path": "x"}, "memory_map", None),
    "arrays": ({"shape": [4, 8, 8], "dtype": "uint8"}, "array", None),
    "csv": ({"path": "t.csv", "images": "x", "image_column": "file"}, "files", "none"),
}


@pytest.mark.parametrize("kind", DEFAULTS)
def test_the_least_that_names_the_data_is_enough(kind):
    data, read, label_mode = DEFAULTS[kind]
    found = Settings.parse({"data": {"kind": kind, **data}})
    assert (found.methods.read, getattr(found.data, "label_mode", None)) == (read, label_mode)
    partly = Settings.parse({"data": {"kind": kind, **data}, "methods": {"augment": "none"}})
    assert (partly.methods.read, partly.methods.augment) == (read, "none")
    assert Settings(data=found.data, methods=Methods(augment="none")) == partly


@pytest.mark.parametrize(("columns", "mode"), [(["a"], "int"), (["a", "b"], "multi_label")])
def test_the_default_label_mode_is_the_one_for_these_columns(columns, mode):
    data = {"kind": "csv", **DEFAULTS["csv"][0], "label_columns": columns}
    assert Settings.parse({"data": data}).data.label_mode == mode


@pytest.mark.parametrize(
    "values", [{"kind": ["npy"]}, {"kind": "csv", "label_columns": 3}, 3, {"kind": None}]
)
def test_data_of_another_form_is_an_error_of_ours(values):
    with pytest.raises(SettingsError, match=r"^data"):
        Settings.parse({"data": values})
