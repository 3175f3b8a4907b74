"""The kinds of data that settings can describe, and the methods of reading each."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from workbench.settings.fields import Group, Size, knob

ReadMethod = Literal["files", "files_in_memory", "memory_map", "array", "list"]

# Read methods of each kind of data; the first is the default.
READ_METHODS: dict[str, tuple[ReadMethod, ...]] = {
    "folder": ("files", "files_in_memory"),
    "csv": ("files", "files_in_memory"),
    "npy": ("memory_map", "array", "list"),
    "arrays": ("array", "list"),
}

PATHS = {"path", "images"}  # fields of data that are paths


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"data: expected each name once. Received twice: {', '.join(twice)}")
    return names


Names = Annotated[tuple[str, ...], Strict(False), AfterValidator(_distinct)]


def _split() -> Any:
    return Field(0.2, ge=0, lt=1, description="Share of each class to keep for validation.")


class ImageFiles(Group):
    """How image files of any kind of data are decoded."""

    kind: str
    path: str
    image_size: Size = knob(
        (224, 224),
        "Image size",
        "Height and width in pixels that each image is resized to.",
    )
    color_mode: Literal["grayscale", "rgb"] = knob(
        "rgb",
        "Color mode",
        "Grayscale gives 1 channel, rgb gives 3. Transparency is dropped, not blended, as in "
        "Keras: transparent pixels show their stored colour.",
    )
    interpolation: Literal["area", "linear", "nearest"] = knob(
        "area",
        "Interpolation",
        "How images are resized. Keras's flow_from_directory uses nearest; area keeps "
        "detail when images shrink.",
    )
    bit_depth: Literal[8, 16] = Field(
        8,
        description="Bits per channel of the decoded image. Files of the other depth are scaled to "
        "it (8 -> 16: times 257).",
    )
    reduced_jpeg: bool = knob(
        False,
        "Fast JPEG decoding (reduced size)",
        "Decode JPEGs at 1/2, 1/4 or 1/8 scale where the image size allows it: faster for large "
        "photos. Changes pixels, by 1 to 7 grey levels on average in photos full of detail.",
    )
    unreadable: Literal["error", "skip"] = Field(
        "error",
        description="What to do with a file that cannot be decoded: raise an error, or leave it "
        "out of its batch with a warning. Both name the file.",
    )


class FolderData(ImageFiles):
    """A folder with one subfolder of images per class."""

    kind: Literal["folder"] = "folder"
    label_mode: Literal["int", "binary", "categorical", "none"] = Field(
        "int", description="As in keras.utils.image_dataset_from_directory."
    )
    class_names: Names = Field(
        (), description="Subfolders in the order of their labels. Empty: all, sorted."
    )
    validation_split: float = _split()


class CsvData(ImageFiles):
    """A CSV table with a row for each image: its file and its labels."""

    kind: Literal["csv"] = "csv"
    images: str = Field(
        description="Folder that the file names in the image column are relative to."
    )
    image_column: str
    label_columns: Names = Field(
        (), description="One column of class names or whole numbers, or several of 0 and 1."
    )
    label_mode: Literal["int", "binary", "categorical", "multi_label", "none"] = Field(
        "int",
        description="int numbers the classes from 0 in the order of class_names; multi_label gives "
        "a vector with a 0 or 1 for each label column. Defaults to int for one label column, none "
        "without any, else multi_label.",
    )
    class_names: Names = Field(
        (), description="Classes in the order of their labels. Empty: all, sorted."
    )
    validation_split: float = _split()
    training_rows: dict[str, str] = Field(
        {},
        description='Train only on rows with these values, such as {"split": "train"}. Replaces '
        "validation_split.",
    )
    validation_rows: dict[str, str] = Field(
        {}, description="Rows for validation, if training_rows is set."
    )

    @model_validator(mode="before")
    @classmethod
    def _mode_of_the_columns(cls, values: Any) -> Any:
        """Fill in the label mode that the label columns allow, unless there is one."""
        columns = values.get("label_columns", ()) if isinstance(values, dict) else None
        if not isinstance(columns, list | tuple) or "label_mode" in values:
            return values
        mode = "none" if not columns else "int" if len(columns) == 1 else "multi_label"
        return {**values, "label_mode": mode}

    @model_validator(mode="after")
    def _columns_fit_the_labels(self) -> Self:
        mode, count = self.label_mode, len(self.label_columns)
        if mode == "multi_label" and not count:
            raise ValueError(
                "data.label_columns: expected at least one with label_mode multi_label. "
                "Received: none"
            )
        if mode not in ("multi_label", "none") and count != 1:
            received = ", ".join(self.label_columns) or "none"
            raise ValueError(
                f"data.label_columns: expected one column with label_mode {mode} (multi_label "
                f"takes several). Received: {received}"
            )
        if self.image_column in self.label_columns:
            raise ValueError(
                f"data.label_columns: expected columns other than the image column. "
                f"Received: {self.image_column!r}"
            )
        if self.validation_rows and not self.training_rows:
            raise ValueError("data.validation_rows: expected training_rows as well. Received: none")
        return self


class NpyData(Group):
    """A folder with `data.npy` (samples, height, width[, channels]) and optionally `labels.npy`."""

    kind: Literal["npy"] = "npy"
    path: str
    validation_split: float = _split()


class ArraysData(Group):
    """Arrays that the caller passes as x and y. Only their shape and dtype are stored."""

    kind: Literal["arrays"] = "arrays"
    shape: Annotated[tuple[int, ...], Strict(False)]
    dtype: str
    validation_split: float = _split()


Data = Annotated[FolderData | CsvData | NpyData | ArraysData, Field(discriminator="kind")]
