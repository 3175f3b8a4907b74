"""What a reader of the tree relies on: names, rooms and documents that agree with the code."""

from __future__ import annotations

import ast
import re
from collections import Counter

import grimp
import pytest

from tests.conftest import ROOT

MODULES = sorted((ROOT / "workbench").rglob("*.py"))
ROOMS = [module for module in MODULES if module.name == "__init__.py"]
DOCUMENTS = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PATH = re.compile(r"(?<![\w./-])([\w-]+)((?:/[\w-]+)*/[\w.-]*)")
TOP = {folder.name: ROOT for folder in ROOT.iterdir() if folder.is_dir()}
# A room's files may be named without the package.
ROOTS = {room.parent.name: ROOT / "workbench" for room in ROOMS} | TOP
IDENTIFIER = re.compile(r"`([A-Za-z_][\w.]*)(?:\(\))?`")
# Names in the documents' code style that are no names of ours.
FOREIGN = {"Output"}


def test_no_two_modules_have_the_same_name():
    names = Counter(module.name for module in MODULES if module not in ROOMS)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_modules_import_each_other_in_a_circle():
    graph = grimp.build_graph("workbench", cache_dir=None)
    circular = [
        f"{module} -> {imported}"
        for module in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(module))
        if graph.chain_exists(importer=imported, imported=module)
    ]
    assert circular == []


def test_only_compat_imports_what_is_private_to_keras():
    private = re.compile(r"^ *(?:from|import) keras\.src", re.MULTILINE)
    importers = {module.parent.name for module in MODULES if private.search(module.read_text())}
    assert importers == {"compat"}


@pytest.mark.parametrize("room", ROOMS, ids=lambda file: file.parent.name)
def test_each_room_says_what_it_is_for(room):
    assert ast.get_docstring(ast.parse(room.read_text()))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_documents_name_files_that_exist(document):
    found = PATH.findall(document.read_text())
    files = {ROOTS[first] / f"{first}{rest}".rstrip(".") for first, rest in found if first in ROOTS}
    assert files
    example = ROOT / "workbench/pipeline/augment/your_method.py"
    assert [file for file in files - {example} if not file.exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_documents_name_code_that_exists(document):
    code = "\n".join(module.read_text() for module in MODULES)
    words = set(re.findall(r"\w+", code)) | {module.stem for module in MODULES}
    words |= {module.parent.name for module in MODULES} | FOREIGN
    files = {file.name for file in ROOT.iterdir()}
    named = set(IDENTIFIER.findall(document.read_text())) - files
    assert [name for name in named if name.split(".")[-1] not in words] == []


def test_the_architecture_names_each_room():
    text = (ROOT / "docs/architecture.md").read_text()
    rooms = {module.stem for module in (ROOT / "workbench").glob("*.py")} - {"__init__"}
    rooms |= {room.parent.name for room in ROOMS if room.parents[1] == ROOT / "workbench"}
    assert [room for room in rooms if f"`{room}`" not in text] == []


def test_the_makefile_lists_its_targets_and_documents_name_them():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE)) - {"lint"}
    assert targets == set(re.findall(r"^# make ([a-z]+)", makefile, re.MULTILINE))
    for document in (*DOCUMENTS, ROOT / "README.md", ROOT / "CHANGELOG.md"):
        assert (
            set(re.findall(r"(?:^|`)make ([a-z]+)", document.read_text(), re.MULTILINE)) <= targets
        )
