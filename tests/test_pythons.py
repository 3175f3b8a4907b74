"""Line profiles on the other Pythons of this machine; 3.12 tells of lines in another way."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.conftest import ROOT
from tests.pipeline.batch_digest import digest
from tests.pythons import OTHERS, environment

pytestmark = pytest.mark.timeout(600)  # an environment may have to be made


@pytest.fixture(params=OTHERS)
def python(request):
    found = environment(request.param)
    if found is None:
        pytest.skip(f"there is no Python {request.param} on this machine")
    return found


def test_line_profiles_are_true_on_the_other_pythons(python):
    names = ("test_lines", "test_attribution", "test_batch_times")
    files = [f"tests/measure/{name}.py" for name in names] + ["tests/loaders/test_streams.py"]
    options = ["-o", "addopts=", "-p", "no:cacheprovider", "-k", "not spawned"]
    done = subprocess.run(
        [python, "-m", "pytest", *options, *files],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def test_batches_are_the_same_bytes_on_the_other_pythons(python):
    command = [python, "-m", "tests.pipeline.batch_digest"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == digest()
