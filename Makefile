# Two commands for everybody:  make lab   make test
# Two for us:                  make bench  make soak

# The first Python from 3.11 to 3.13 that works; set PYTHON to choose another.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell \
	$(p) -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" 2>/dev/null && echo $(p))))
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install

# Jupyter refuses to run as root, as people in containers do, unless it is told to.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test bench soak lint screenshots clean

lab: .venv/lab
	@echo "3/3  Starting JupyterLab. It prints its address below; Ctrl+C ends it."
	cd notebooks && ../$(BIN)/python -m jupyterlab $(AS_ROOT)

test: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not alone" --numprocesses 2 --dist loadfile $(ARGS)
	$(BIN)/python -m pytest -m alone $(ARGS)

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
