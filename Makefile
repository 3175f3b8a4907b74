# make lab          open JupyterLab on the notebooks
# make check        lint, types, import contracts and the quick tests: for daily work
# make test         all of that, and every test
#
# make accuracy     how true the measurements are: known costs, rates and races
# make bench        how fast we are, next to others; writes tests/benchmarks/results.json
# make soak         four minutes of sliding in a real browser: does memory grow?
# make screenshots  the README's pictures
# make clean        remove .venv
#
# The first use of each installs what it needs into .venv. ARGS goes to pytest, or to the programs
# of accuracy and bench: make test ARGS="-k augment"

# The first Python from 3.11 to 3.13 that works; set PYTHON to choose another.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell \
	$(p) -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" 2>/dev/null && echo $(p))))
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install

# Jupyter refuses to run as root, as people in containers do, unless it is told to.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

# The rooms that the others build on, without the tests that train. New tests there join by themselves.
QUICK := tests/settings tests/pipeline tests/loaders tests/preview tests/test_project.py tests/test_contracts.py \
	--ignore tests/pipeline/test_dataset.py --deselect tests/test_project.py::test_the_readmes_code_runs

.PHONY: lab check test lint accuracy bench soak screenshots clean

lab: .venv/lab
	@echo "3/3  Starting JupyterLab. It prints its address below; Ctrl+C ends it."
	cd notebooks && ../$(BIN)/python -m jupyterlab $(AS_ROOT)

check: lint
	$(BIN)/python -m pytest -m "not alone" --numprocesses 2 --dist loadfile $(QUICK) $(ARGS)

test: lint
	$(BIN)/python -m pytest -m "not alone" --numprocesses 2 --dist loadfile $(ARGS)
	$(BIN)/python -m pytest -m alone $(ARGS)

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

accuracy: .venv/test
	$(BIN)/python -m tests.accuracy $(ARGS)

bench: .venv/bench
	$(BIN)/python -m tests.benchmarks $(ARGS)

soak: .venv/test
	WORKBENCH_SOAK=1 $(BIN)/python -m pytest tests/browser -k soak $(ARGS)

# The README's pictures, made by the browser test.
screenshots: .venv/test
	WORKBENCH_SCREENSHOTS=1 $(BIN)/python -m pytest tests/browser -k screenshot

.venv/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 found. Install one, or say which: make PYTHON=/path/to/python"; exit 1; }
	@echo "1/3  Creating .venv with $$($(PYTHON) --version)"
	$(PYTHON) -m venv .venv
	@touch $@

.venv/lab: .venv/python pyproject.toml
	@echo "2/3  Installing TensorFlow, JupyterLab and the workbench: about 600 MB, some minutes the first time"
	$(PIP) --editable ".[lab]"
	@touch $@

.venv/test: .venv/lab
	@echo "     Installing the tools of the tests"
	$(PIP) --editable ".[lab,test]"
	@touch $@

.venv/bench: .venv/test
	@echo "     Installing what the benchmarks compare with"
	$(PIP) --editable ".[lab,test,bench]" || echo "Not installed: the benchmarks leave it out and say so"
	@touch $@

clean:
	rm -rf .venv
