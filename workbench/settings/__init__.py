"""Settings: what sliders edit, JSON stores and datasets are built from.

Imports pydantic and no other subpackage; every other one may import it.
"""

from workbench.settings.data import (
    READ_METHODS,
    ArraysData,
    CsvData,
    Data,
    FolderData,
    NpyData,
    ReadMethod,
)
from workbench.settings.editable import Editable, control_name, faults, knobs
from workbench.settings.fields import Group, SettingsError, knob
from workbench.settings.groups import (
    Augmentation,
    AugmentMethod,
    Batch,
    Feed,
    Methods,
    NormalizeMethod,
    Statistics,
)
from workbench.settings.model import NO_PROCESSES, OTHER_PICTURES, Settings

__all__ = [
    "NO_PROCESSES",
    "OTHER_PICTURES",
    "READ_METHODS",
    "ArraysData",
    "AugmentMethod",
    "Augmentation",
    "Batch",
    "CsvData",
    "Data",
    "Editable",
    "Feed",
    "FolderData",
    "Group",
    "Methods",
    "NormalizeMethod",
    "NpyData",
    "ReadMethod",
    "Settings",
    "SettingsError",
    "Statistics",
    "control_name",
    "faults",
    "knob",
    "knobs",
]
