"""CSV tables of image files and labels: what the columns mean, and what is wrong with them."""

from __future__ import annotations

import csv
import json

import cv2
import numpy as np
import pytest

import workbench as wb
from tests.panel.driver import PanelDriver
from workbench.inputs import settings_of
from workbench.pipeline.pipeline import Pipeline
from workbench.pipeline.sources.open_source import open_source
from workbench.preview.sample_grid import _label, label_counts
from workbench.settings import Settings, SettingsError
from workbench.settings.data import CsvData

COUNT = 20


def write_table(file, columns, delimiter=","):
    with file.open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return file


@pytest.fixture
def columns(tmp_path, rng):
    """Twenty images in `pictures`, of which each fourth is a cat, and columns about them."""
    (tmp_path / "pictures").mkdir()
    names = [f"{number:02}.png" for number in range(COUNT)]
    for name in names:
        image = rng.integers(0, 256, rng.integers(10, 30, 2), np.uint8)
        cv2.imwrite(str(tmp_path / "pictures" / name), image)
    return {
        "patient": [f"p{n}" for n in range(COUNT)],
        "file": names,
        "label": ["dog" if n % 4 else "cat" for n in range(COUNT)],
        "age": [20.5 + n for n in range(COUNT)],
    }


@pytest.fixture
def table(tmp_path, columns):
    return write_table(tmp_path / "table.csv", columns)


def settings(table, **changes):
    """Settings that read `table` as it is, with small images."""
    data = {
        "path": str(table),
        "images": str(table.parent / "pictures"),
        "image_column": "file",
        "label_columns": ("label",),
        "image_size": (8, 8),
        "color_mode": "grayscale",
        **changes,
    }
    return Settings.for_data(CsvData(**data)).updated({"batch": {"size": 2}})


def names_of(source, rows):
    return [source.listing.paths[row].rsplit("/", 1)[1] for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_is_recognised_for_what_it_holds(tmp_path, columns, delimiter):
    data = settings_of(write_table(tmp_path / "t.csv", columns, delimiter))[0].data
    assert (data.image_column, data.label_columns, data.label_mode) == ("file", ("label",), "int")
    assert data.images == str(tmp_path / "pictures")
    assert (data.class_names, data.color_mode) == (("cat", "dog"), "grayscale")
    assert not data.training_rows


def test_names_may_start_from_the_tables_own_folder(tmp_path, columns):
    columns["file"] = [f"pictures/{name}" for name in columns["file"]]
    data = settings_of(write_table(tmp_path / "t.csv", columns))[0].data
    assert data.images == str(tmp_path)


def test_columns_of_0_and_1_are_recognised_as_several_labels(tmp_path, columns):
    columns |= {"edema": [n % 2 for n in range(COUNT)], "mass": [n % 3 // 2 for n in range(COUNT)]}
    del columns["label"]
    found = settings_of(write_table(tmp_path / "t.csv", columns))[0]
    assert (found.data.label_columns, found.data.label_mode) == (("edema", "mass"), "multi_label")
    source = open_source(found)
    assert source.labels.dtype == np.float32
    assert source.labels[5].tolist() == [1, 1]
    assert _label(source, 5) == "edema + mass"
    assert _label(source, 0) == "none"
    assert label_counts(source) == "labels of all 20: edema 10 / mass 6"


def test_a_split_column_is_recognised(tmp_path, columns):
    columns["set"] = ["train"] * 12 + ["valid"] * 5 + ["test"] * 3
    found = settings_of(write_table(tmp_path / "t.csv", columns))[0]
    assert found.data.training_rows == {"set": "train"}
    assert found.data.validation_rows == {"set": "valid"}
    source = open_source(found)
    assert len(source) == 17, "test rows are in neither"


def test_images_without_other_columns_have_no_labels(tmp_path, columns):
    found = settings_of(write_table(tmp_path / "t.csv", {"file": columns["file"]}))[0]
    assert found.data.label_mode == "none"
    assert open_source(found).labels is None


@pytest.mark.parametrize(
    ("drop", "add", "words"),
    [
        (["file"], {}, "expected a column of image files that exist.*Received: columns patient"),
        (["label"], {}, "expected one column of class names.*Received: patient, age"),
        (["label"], {"a": ["x", "y"] * 10, "b": ["u", "v"] * 10}, "Received: a, b"),
    ],
)
def test_a_guess_that_fails_says_what_was_expected(tmp_path, columns, drop, add, words):
    columns = {name: cells for name, cells in columns.items() if name not in drop} | add
    with pytest.raises(ValueError, match=words) as error:
        settings_of(write_table(tmp_path / "t.csv", columns))
    assert '"label_columns": [...]' in str(error.value)


@pytest.mark.parametrize(
    ("mode", "dtype", "first"),
    [("int", np.int64, 0), ("binary", np.float32, [0.0]), ("categorical", np.float32, [1.0, 0.0])],
)
def test_label_modes_are_those_of_folders(table, mode, dtype, first):
    labels = open_source(settings(table, label_mode=mode)).labels
    assert labels.dtype == dtype
    np.testing.assert_array_equal(labels[0], first)
    no_labels = settings(table, label_mode="none", label_columns=())
    assert open_source(no_labels).labels is None


def test_class_names_decide_the_labels(table):
    source = open_source(settings(table, class_names=("dog", "cat", "cow")))
    assert source.class_names == ("dog", "cat", "cow")
    assert source.labels[:4].tolist() == [1, 0, 0, 0]
    with pytest.raises(ValueError, match=r"row 2, column 'label': expected one of dog. Rec.*'cat'"):
        open_source(settings(table, class_names=("dog",)))


def test_numbers_are_classes_in_the_order_of_their_size(tmp_path, columns):
    columns["label"] = ["10", "9", "9.0", "10.0"] * 5
    source = open_source(settings(write_table(tmp_path / "t.csv", columns)))
    assert source.class_names == ("9", "10")
    assert source.labels[:4].tolist() == [1, 0, 0, 1]


def test_pixels_and_labels_are_of_the_same_row(table, tmp_path, columns):
    source = open_source(settings(table))
    images, rows = source.read(np.array([7, 4]))
    for image, row in zip(images, rows, strict=True):
        path = tmp_path / "pictures" / columns["file"][row]
        pixels = cv2.resize(cv2.imread(str(path), 0), (8, 8), interpolation=cv2.INTER_AREA)
        np.testing.assert_array_equal(image[..., 0], pixels)
        assert source.class_names[source.labels[row]] == columns["label"][row]


@pytest.mark.parametrize("training_only", [False, True])
def test_column_filters_are_the_split(tmp_path, columns, training_only):
    columns["set"] = ["a", "b", "c", "a"] * 5
    changes = {"training_rows": {"set": "a"}, "validation_rows": {"set": "b"}}
    if training_only:
        del changes["validation_rows"]
    chosen = settings(write_table(tmp_path / "t.csv", columns), **changes, validation_split=0.9)
    source = open_source(chosen)
    training = Pipeline(chosen, source).rows
    wanted = sorted(columns["file"][0::4] + columns["file"][3::4])
    assert names_of(source, training) == wanted
    if training_only:
        with pytest.raises(ValueError, match="training_rows but no validation_rows"):
            Pipeline(chosen, source, subset="validation")
    else:
        validation = Pipeline(chosen, source, subset="validation").rows
        assert names_of(source, validation) == columns["file"][1::4]
        assert len(source) == 15


def test_without_filters_the_split_is_stratified(table):
    chosen = settings(table, validation_split=0.4)
    source = open_source(chosen)
    rows = Pipeline(chosen, source, subset="validation").rows
    assert np.bincount(source.labels[rows]).tolist() == [2, 6]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"image_column": "files"},
            r"data.image_column: expected .*'files'.*mean 'file'\?",
        ),
        ({"label_columns": ("x",)}, "data.label_columns: expected a column .*: patient, file.*'x'"),
        ({"training_rows": {"se": "a"}}, "data.training_rows: expected a column .*'se'"),
        (
            {"training_rows": {"label": "cow"}},
            "training_rows: expected values .*'cat', 'dog'",
        ),
        (
            {"training_rows": {"label": "cat"}, "validation_rows": {"patient": "p4"}},
            "row 6 is both in data.training_rows",
        ),
        ({"label_columns": ("age",)}, "row 2, column 'age': expected a class name or a whole.*20"),
        (
            {"label_columns": ("label",), "label_mode": "multi_label"},
            "row 2, column 'label': expected 0 or 1. Received: 'cat'",
        ),
        ({"label_mode": "binary", "label_columns": ("patient",)}, "expected 2 classes.*patient"),
        ({"images": "nowhere"}, r"no such files: nowhere.00\.png.* and 15 more \(row 2\)"),
        ({"path": "nowhere.csv"}, r"No such file: nowhere\.csv"),
    ],
)
def test_what_does_not_fit_the_table_is_named(table, changes, words):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        open_source(settings(table, **changes))


@pytest.mark.parametrize("column", ["file", "label"])
def test_an_empty_cell_is_an_error_that_names_row_and_column(tmp_path, columns, column):
    columns[column][6] = " "
    with pytest.raises(ValueError, match=rf"row 8, column '{column}' is empty \(1 such rows\)"):
        open_source(settings(write_table(tmp_path / "t.csv", columns)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,label\na.png,x,y\n", "row 2: expected 2 cells, as in the header. Received: 3"),
        ("file,label,file\na.png,x,b.png\n", "each column once. Received twice: file"),
        ("file,label\n\n", "expected a header and a row for each image"),
        ("", "expected a header and a row for each image"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, text, words):
    file = tmp_path / "t.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=words):
        open_source(settings(file))
    file.write_bytes(b"file,label\n\xff\xfe,x")
    with pytest.raises(ValueError, match=r"t\.csv: expected a CSV table in UTF-8"):
        open_source(settings(file))


def test_blank_lines_and_quoted_line_breaks_do_not_shift_the_rows(tmp_path, columns):
    file = tmp_path / "t.csv"
    file.write_text('file,label,note\n\n00.png,cat,"two\nlines"\n\n01.png,,x\n')
    with pytest.raises(ValueError, match="row 5, column 'label' is empty"):
        open_source(settings(file))


def rows_of(columns):
    return list(map(",".join, zip(columns["file"], columns["label"], strict=True)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({6: '06.png,"dog'}, r"row 8: one cell also holds '07\.png,dog'"),
        ({6: '06.png,"dog', 9: '09.png,dog"'}, r"row 8: one cell also holds '07\.png,dog'"),
        ({6: '06.png,"dog', 9: '09.png,"dog'}, r"row 8: one cell also holds '07\.png,dog'"),
        ({6: '"06.png,dog'}, r"row 8: one cell also holds '07\.png,dog'"),
        ({COUNT - 1: '19.png,"dog'}, "row 21: unexpected end of data"),
        ({6: "06.png," + "d" * 140_000}, "row 8: field larger than field limit"),
    ],
)
def test_a_stray_quotation_mark_loses_no_rows(tmp_path, columns, changes, words):
    rows = rows_of(columns)
    for row, text in changes.items():
        rows[row] = text
    (tmp_path / "t.csv").write_text("\n".join(["file,label", *rows, ""]))
    for read in (wb.scan, settings_of):
        with pytest.raises(ValueError, match=rf"t\.csv: {words}.*quotation mark"):
            read(tmp_path / "t.csv")


def test_quotation_marks_that_join_no_rows_are_as_before(tmp_path, columns):
    rows = rows_of(columns)
    rows[3] = '03.png,"cat" '
    rows[5] += '"'
    (tmp_path / "t.csv").write_text("\n".join(["file,label", *rows]))
    assert wb.scan(tmp_path / "t.csv").classes == {"cat": 6, "dog": 13, 'dog"': 1}


def test_a_table_without_a_header_is_refused_and_not_a_row_short(tmp_path, columns):
    (tmp_path / "t.csv").write_text("\n".join(rows_of(columns)))
    with pytest.raises(ValueError, match=r"names of the columns in row 1.*image: 00\.png, cat"):
        wb.scan(tmp_path / "t.csv")


def test_line_separators_of_unicode_do_not_end_a_row(tmp_path, columns):
    rows = [f"{row}\u2028x\x0cy" for row in rows_of(columns)]
    (tmp_path / "t.csv").write_text("\n".join(["file,label", *rows]))
    assert wb.scan(tmp_path / "t.csv").files == COUNT


def test_control_characters_in_a_table_reach_no_terminal(tmp_path, columns):
    columns["label"][3] = "\x1b[31mred"
    table = write_table(tmp_path / "t.csv", columns)
    with pytest.raises(ValueError, match="␛") as error:
        open_source(settings(table, label_mode="binary"))
    assert "\x1b" not in str(error.value)
    assert "\x1b" not in str(wb.scan(table))


def test_missing_files_are_skipped_where_that_is_wanted(table, tmp_path):
    (tmp_path / "pictures" / "03.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"no such files: .*03\.png \(row 5\)"):
        open_source(settings(table))
    source = open_source(settings(table, unreadable="skip"))
    with pytest.warns(UserWarning, match=r"skipped: .*03\.png"):
        assert source.read(np.arange(5))[1].tolist() == [0, 1, 2, 4]


def test_an_image_in_two_rows_is_warned_of(tmp_path, columns):
    columns["file"][9] = columns["file"][2]
    file = write_table(tmp_path / "t.csv", columns)
    with pytest.warns(UserWarning, match=r"1 rows name an image that another.*02\.png"):
        open_source(settings(file))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label_columns": ["a", "b"]}, "expected one column with label_mode int.*Received: a, b"),
        ({"label_columns": []}, "expected one column with label_mode int.*Received: none"),
        ({"label_columns": [], "label_mode": "multi_label"}, "expected at least one"),
        ({"label_columns": ["file"]}, "other than the image column. Received: 'file'"),
        ({"class_names": ["a", "b", "a"]}, "expected each name once. Received twice: a"),
        ({"validation_rows": {"set": "b"}}, "validation_rows: expected training_rows"),
        ({"training_rows": {"set": 3}}, "training_rows.set: .*valid string. Received: 3"),
    ],
)
def test_columns_that_do_not_fit_together_are_refused(table, changes, words):
    with pytest.raises(SettingsError, match=words):
        settings(table).updated({"data": changes})


def test_paths_are_relative_to_the_json_and_images_move_with_the_table(
    table, tmp_path, columns, monkeypatch
):
    (tmp_path / "project").mkdir()
    tuned = wb.Tuned(settings=settings(table))
    file = tuned.save(tmp_path / "project" / "tuned.json")
    stored = json.loads(file.read_text())["settings"]["data"]
    assert (stored["path"], stored["images"]) == ("../table.csv", "../pictures")
    monkeypatch.chdir("/")
    assert wb.load(file) == tuned
    there = tmp_path / "elsewhere"
    there.mkdir()
    (tmp_path / "pictures").rename(there / "pictures")
    table.rename(there / "other.csv")
    moved = wb.load(file).dataset(data=there / "other.csv", subset=None)
    assert len(moved.pipeline.source) == COUNT
    assert moved.batch(0, 0)[0].shape == (2, 8, 8, 1)


def test_everything_that_takes_data_takes_a_table(table):
    profile = wb.profile_lines(settings(table), seconds=0.1)
    assert any(line.function.endswith("decode") for line in profile.hot)


@pytest.mark.parametrize("method", ["files", "files_in_memory"])
def test_a_panel_opens_on_a_table(table, method):
    panel = wb.Workbench(str(table))
    driver = PanelDriver(panel)
    try:
        panel.set(read_method=method, image_size=(32, 32), reduced_jpeg=True, batch_size=3)
        assert panel.settings.data.image_size == (32, 32)
        assert panel.settings.data.image_column == "file"
        assert panel.settings.methods.read == method
        with driver.loader() as loader:
            assert loader.original.batch(0, 0)[0].shape == (3, 32, 32, 1)
        driver.wait_until(lambda: "batch 3 × 32×32×1" in driver.text("title"))
        assert ("0.0 MB in memory" in driver.text("title")) == (method != "files")
    finally:
        panel.close()


def test_an_export_says_nothing_of_where_images_are(table, tmp_path):
    other = settings(table, images=str(tmp_path / "pictures" / ".." / "pictures"))
    panel = wb.Workbench(other)
    try:
        text = panel.export(tmp_path / "tuned.json").read_text()
        assert str(tmp_path) not in text
        panel.set(batch_size=3)
        panel.import_(tmp_path / "tuned.json")
        assert panel.settings.batch.size == 2
        assert panel.settings.data.images == other.data.images, "the data stays the panel's"
    finally:
        panel.close()
