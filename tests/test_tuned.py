from __future__ import annotations

import json
import os
import warnings

import numpy as np
import pytest

import workbench as wb
from tests.conftest import array_settings
from workbench.inputs import settings_of
from workbench.machine import machine
from workbench.settings import SettingsError
from workbench.tuned import Tuned


@pytest.fixture
def tuned(class_folder):
    settings = settings_of(class_folder)[0]
    return Tuned(settings=settings.updated({"batch": {"size": 4}, "data": {"image_size": [8, 8]}}))


def test_what_is_saved_loads_equal(tuned, tmp_path):
    file = tuned.save(tmp_path / "tuned.json")
    assert wb.load(file) == tuned


def test_the_data_path_is_relative_to_the_file_and_not_to_the_reader(
    tuned, tmp_path, monkeypatch, class_folder
):
    (tmp_path / "project").mkdir()
    file = tuned.save(tmp_path / "project" / "tuned.json")
    assert json.loads(file.read_text())["settings"]["data"]["path"] == "../scans"
    monkeypatch.chdir("/")
    assert len(wb.load(file).dataset(subset=None).pipeline.source) == 10
    elsewhere = wb.load(file).dataset(data=class_folder, subset="validation")
    assert len(elsewhere.pipeline.rows) == 2


def test_the_file_is_made_for_review(tuned, tmp_path):
    evidence = {"rate": {"median": 123.456789, "parts": [1.23456, 2]}}
    text = Tuned(settings=tuned.settings, evidence=evidence).save(tmp_path / "t.json").read_text()
    assert '"image_size": [8, 8],' in text
    assert '"median": 123.0' in text
    assert '"parts": [1.23, 2]' in text
    assert str(tmp_path) not in text
    assert text.endswith("}\n")
    assert list(json.loads(text)) == ["format", "version", "settings", "evidence"]
    plain = json.loads(tuned.save(tmp_path / "u.json").read_text())
    assert plain["settings"] == json.loads(text)["settings"]


def test_only_workbench_files_are_overwritten(tuned, tmp_path):
    file = tmp_path / "tuned.json"
    tuned.save(file)
    tuned.save(file)
    for other in ("{}", "notes", '{"format": "else"}'):
        file.write_text(other)
        with pytest.raises(FileExistsError, match="not a workbench file"):
            tuned.save(file)
        assert file.read_text() == other


def test_a_failed_save_leaves_the_old_file_and_no_other(tuned, tmp_path, monkeypatch):
    file = tuned.save(tmp_path / "tuned.json")
    before = file.read_bytes()
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        tuned.save(file)
    assert file.read_bytes() == before
    assert [p.name for p in tmp_path.glob("*json*")] == ["tuned.json"]


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_keeps_its_mode(tuned, tmp_path, mode):
    file = tuned.save(tmp_path / "tuned.json")
    file.chmod(mode)
    tuned.save(file)
    assert file.stat().st_mode & 0o777 == mode


def test_a_link_to_our_file_stays_a_link_and_the_file_is_written(tuned, tmp_path, class_folder):
    (tmp_path / "shared").mkdir()
    file = tuned.save(tmp_path / "shared" / "tuned.json")
    link = tmp_path / "tuned.json"
    link.symlink_to(file)
    changed = tuned.model_copy(update={"evidence": {"rate": 3}})
    changed.save(link)
    assert link.is_symlink()
    assert wb.load(link) == wb.load(file) == changed
    assert wb.load(link).settings.data.path == str(class_folder)


@pytest.mark.parametrize("name", ["~nosuchuser/t.json", "\ud800.json", "a\0.json"])
def test_a_path_that_no_file_can_have_is_named(tuned, name):
    for use in (tuned.save, wb.load):
        with pytest.raises(ValueError, match=r"^path: no ") as error:
            use(name)
        assert repr(name) in str(error.value)


def test_what_json_cannot_hold_is_named_before_anything_is_written(tuned, tmp_path):
    odd = Tuned(settings=tuned.settings, evidence={"file": "caf\udce9.py"})
    with pytest.raises(ValueError, match=r"expected valid Unicode.*'caf.udce9\.py'"):
        odd.save(tmp_path / "t.json")
    assert not list(tmp_path.glob("*.json*"))
    with pytest.raises(SettingsError, match=r"expected valid Unicode.*'x.udcff'"):
        tuned.settings.updated({"data": {"path": "x\udcff"}})


HOSTILE = {
    "deep": "[" * 100_000 + "]" * 100_000,
    "long number": "9" * 5000,
    "deep object": '{"format": "workbench", "version": 1, "a": ' * 1500 + "1" + "}" * 1500,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_beyond_pythons_limits_is_broken_and_not_ours(tuned, tmp_path, text):
    file = tmp_path / "t.json"
    file.write_text(text)
    for load, error in ((wb.load, SettingsError), (wb.LineProfile.load, ValueError)):
        with pytest.raises(error, match=r"t\.json: "):
            load(file)


@pytest.mark.parametrize("text", list(HOSTILE.values())[:2], ids=list(HOSTILE)[:2])
def test_json_beyond_pythons_limits_is_not_overwritten(tuned, tmp_path, text):
    file = tmp_path / "t.json"
    file.write_text(text)
    with pytest.raises(FileExistsError, match="not a workbench file"):
        tuned.save(file)


@pytest.mark.timeout(20)
def test_a_pipe_is_neither_read_nor_overwritten(tuned, tmp_path):
    os.mkfifo(tmp_path / "t.json")
    with pytest.raises(
        SettingsError, match=r"t\.json: expected a JSON file. Received: a named pipe"
    ):
        wb.load(tmp_path / "t.json")
    with pytest.raises(FileExistsError, match="not a workbench file"):
        tuned.save(tmp_path / "t.json")


def test_no_control_character_of_a_file_reaches_the_terminal(tuned, tmp_path):
    file = tuned.save(tmp_path / "t.json")
    values = json.loads(file.read_text())
    settings = {**values["settings"], "\x1b[31m": 1}
    file.write_text(edited(values, settings=settings))
    with pytest.raises(SettingsError) as error:
        wb.load(file)
    assert "␛[31m" in str(error.value)
    assert "\x1b" not in str(error.value)
    file.write_text(edited(values, evidence={"machine": {"processor": "\x1b[31m"}}))
    with pytest.warns(UserWarning, match="␛"):
        wb.load(file)


def edited(values, **changes):
    return json.dumps({**values, **changes})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: edited(v)[:60], "broken JSON.*line"),
        (lambda v: "[1]", "not a workbench file"),
        (lambda v: edited(v, format="other"), "not a workbench file"),
        (lambda v: edited(v, version=2), "newer workbench.*version 2"),
        (lambda v: edited(v, version=0), "version: expected 1. Received: 0"),
        (lambda v: edited(v, version=True), "version: expected 1. Received: True"),
        (lambda v: edited(v, setings={}), "setings.*'settings'"),
        (lambda v: edited(v, settings={**v["settings"], "batch": {"siez": 3}}), "siez.*'size'"),
        (lambda v: edited(v, settings={**v["settings"], "data": {"kind": "x"}}), "'x'|kind"),
        (lambda v: edited(v, settings={**v["settings"], "batch": {"size": True}}), "batch.size"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tuned, tmp_path, change, words):
    file = tuned.save(tmp_path / "tuned.json")
    file.write_text(change(json.loads(file.read_text())))
    with pytest.raises(SettingsError, match=words):
        wb.load(file)


def test_names_with_brackets_survive(class_folder, tmp_path):
    (class_folder / "clear").rename(class_folder / "a ] b")
    (class_folder / "nodule").rename(class_folder / "x [ y, { }")
    class_folder.rename(tmp_path / "scans [ old ]")
    settings = settings_of(tmp_path / "scans [ old ]")[0]
    settings = settings.updated({"batch": {"size": 2}})
    loaded = wb.load(Tuned(settings=settings).save(tmp_path / "t.json"))
    assert loaded.settings == settings
    assert len(loaded.dataset()) == 4


@pytest.mark.parametrize("evidence", [None, [1], "x"])
def test_evidence_spoilt_by_hand_does_not_stop_loading(tuned, tmp_path, evidence):
    file = tuned.save(tmp_path / "tuned.json")
    values = json.loads(file.read_text())
    file.write_text(edited(values, evidence=evidence))
    with pytest.warns(UserWarning, match="evidence: expected an object"):
        assert wb.load(file).settings == tuned.settings


@pytest.mark.parametrize("name", ["", "tuned.txt", "tuned"])
def test_a_name_that_could_not_be_opened_again_is_refused(tuned, tmp_path, name):
    with pytest.raises(ValueError, match=r"ending in \.json. Received: .*"):
        tuned.save(tmp_path / name)


def test_a_place_that_cannot_be_written_is_named_and_not_its_temporary_file(tuned):
    with pytest.raises(OSError, match=r"'/proc/t\.json'"):
        tuned.save("/proc/t.json")


def test_saving_into_a_missing_folder_names_it(tuned, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such folder: .*nowhere"):
        tuned.save(tmp_path / "nowhere" / "t.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        wb.load(tmp_path / "nowhere.json")


@pytest.mark.parametrize("evidence", [{}, {"machine": 3}, {"anything": ["at", {"all": 1}]}])
def test_loading_does_not_depend_on_evidence(tuned, tmp_path, evidence):
    file = Tuned(settings=tuned.settings, evidence=evidence).save(tmp_path / "t.json")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert wb.load(file).settings == tuned.settings


def test_evidence_from_another_machine_is_said_to_be_from_elsewhere(tuned, tmp_path):
    here = Tuned(settings=tuned.settings, evidence={"machine": machine()})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wb.load(here.save(tmp_path / "here.json"))
    there = Tuned(settings=tuned.settings, evidence={"machine": {**machine(), "cores": 999}})
    with pytest.warns(UserWarning, match="another machine.*999 cores"):
        wb.load(there.save(tmp_path / "there.json"))


def test_arrays_are_passed_by_the_caller(tmp_path, rng):
    x = rng.random((10, 6, 6, 1)).astype(np.float32)
    settings = array_settings(x).updated({"batch": {"size": 5}})
    file = Tuned(settings=settings).save(tmp_path / "t.json")
    dataset = wb.load(file).dataset(x, np.arange(10))
    assert dataset[0][0].shape == (5, 6, 6, 1)
    with pytest.raises(ValueError, match="Pass x= and y="):
        wb.load(file).dataset()
