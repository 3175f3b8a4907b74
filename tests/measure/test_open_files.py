"""Positions of files that forked workers would share."""

from __future__ import annotations

from workbench.measure.workers.open_files import name_of, positions


def test_only_files_that_are_read_count(tmp_path):
    file = tmp_path / "log"
    with file.open("w") as log, file.open("rb") as records:
        log.write("12345")
        log.flush()
        records.read(3)
        found = positions()
        assert log.fileno() not in found
        assert found[records.fileno()] in (3, 5)  # the buffer reads ahead
        assert name_of(records.fileno()) == str(tmp_path / "log")
