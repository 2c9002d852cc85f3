# Everything sets itself up: a virtual environment in the checkout, made once and then reused.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LIGHT := .venv-light
FORK := .venv-sct/.ready
# Not in the template's folder, where cookiecutter would take the cache for text.
export RUFF_CACHE_DIR := $(CURDIR)/.ruff_cache

.PHONY: help demo test test-light bench bench-scale fuzz lint docs dist format clean

help:
	@echo "make demo        the whole path on phantom data: repository, training, package, prediction"
	@echo "make test        every test"
	@echo "make test-light  those of the linter alone, with its oldest dependencies"
	@echo "make lint        formatting, lint, types and the direction of imports"
	@echo "make docs        the documentation site, in site/"
	@echo "make bench       the measurements of benchmarks/README.md"
	@echo "make bench-scale the workflow with up to 10,000 subjects"
	@echo "make fuzz        a million mutated inputs: none may crash the linter"
	@echo "make dist        the source archive and the wheel, in dist/"
	@echo "make format      reformat the code"
	@echo "make clean       remove what these commands made"

$(READY): pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed (by Snakemake); try: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) (once; PyTorch is several GB) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -e '.[dev,nnunet]'
	@touch $@

# SCT's fork of nnU-Net, for the tests against it: the package alone, which has the same name and
# the same dependencies as nnU-Net itself.
$(FORK): requirements-sct.txt | $(READY)
	@rm -rf $(dir $@)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--target $(dir $@) -r requirements-sct.txt
	@touch $@

demo: $(READY)
	@$(BIN)/python demo/run.py

test: $(READY) $(FORK)
	@$(BIN)/python docs/pyodide.py
	@$(BIN)/python -m pytest -n 2

# The tests that need neither PyTorch nor the tools of development, in an environment without them:
# what the linter's users have. Continuous integration runs these on every system and Python.
test-light: $(LIGHT)/.ready
	@$(LIGHT)/bin/python -m pytest -n 2 @tests/light.txt

$(LIGHT)/.ready: pyproject.toml tests/minimal.txt
	@rm -rf $(LIGHT)
	@$(PYTHON) -m venv $(LIGHT)
	@$(LIGHT)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c tests/minimal.txt -e '.[test]'
	@touch $@

bench: $(READY) .venv-bench/.ready
	@$(BIN)/python benchmarks/run.py

bench-scale: $(READY)
	@$(BIN)/python benchmarks/scale.py

.venv-bench/.ready: benchmarks/requirements.txt
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

fuzz: $(READY)
	@$(BIN)/python fuzz/run.py

lint: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache

docs: $(READY)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "The site is in site/; to look at it: python3 -m http.server --directory site"

dist: $(READY)
	@$(BIN)/python -m hatchling build

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(LIGHT) .venv-sct .venv-bench .pyodide benchmarks/work demo-output dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
