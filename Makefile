# `make demo` renders the short film; `make test` passes the tests. Both need Python 3.11+ only.
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint kill bench golden schema reference site frozen gallery render faults mutate sbom lock clean

# The first Python that runs and is new enough: a shim may exist and still not run.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
STORYBOARD := $(BIN)/storyboard
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q --require-hashes --only-binary :all:
SHORT := examples/09-the-last-ferry/film.yaml

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z%\/.]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/runtime.stamp: requirements/runtime.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "storyboard needs Python 3.11 or newer on the PATH" >&2; exit 4; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
		echo "this Python can't make a venv; on Debian: apt install python3-venv" >&2; exit 4; }
	@echo "setting up .venv" >&2
	@$(PIP) -r requirements/runtime.txt
	@$(BIN)/python -m pip --disable-pip-version-check install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp requirements/dev.txt
	@$(PIP) -r requirements/dev.txt
	@touch $@

.venv/bench.stamp: .venv/dev.stamp requirements/bench.txt
	@test -x .venv/bench/bin/python || $(BIN)/python -m venv .venv/bench
	@.venv/bench/bin/python -m pip --disable-pip-version-check install -q --require-hashes -r requirements/bench.txt
	@touch $@

.venv/docs.stamp: requirements/docs.txt
	@test -n "$(PYTHON)" || { echo "storyboard needs Python 3.11 or newer on the PATH" >&2; exit 4; }
	@test -x .venv/docs/bin/python || $(PYTHON) -m venv .venv/docs
	@.venv/docs/bin/python -m pip --disable-pip-version-check install -q --require-hashes --only-binary :all: -r $<
	@touch $@

setup: .venv/dev.stamp ## Make .venv with storyboard and the test tools

demo: .venv/runtime.stamp ## Render the short film and print its path
	@$(STORYBOARD) render $(SHORT) -o build/the-last-ferry.mp4

test: .venv/dev.stamp ## Pass the tests, offline
	@$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/dev.stamp ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

kill: .venv/dev.stamp ## Kill a thousand renders at any moment: nothing is paid for twice
	@$(BIN)/python -m tests.kill

bench: .venv/bench.stamp ## Measure, as ratios in one run
	@$(BIN)/python -m tests.bench

golden: .venv/dev.stamp ## Write the goldens again, to be reviewed as a diff
	@$(BIN)/python -m pytest tests/golden --update-golden

schema: .venv/runtime.stamp ## Write the schema for editors again, from the table of keys
	@STORYBOARD_PLUGINS= $(STORYBOARD) show --schema > schemas/.new && mv schemas/.new schemas/storyboard.schema.json

reference: .venv/dev.stamp ## Write the reference pages and the output in the README again
	@$(BIN)/python -m reference

site: .venv/docs.stamp ## Build the documentation as a site, to read offline: build/site/index.html
	@.venv/docs/bin/python -m sphinx -q -W --keep-going -b html -d build/doctrees docs build/site
	@echo build/site/index.html

frozen: .venv/dev.stamp ## Read all frozen films: digests, requests and files are what they were
	@FROZEN=all $(BIN)/python -m pytest -n 2 tests/frozen

gallery: .venv/runtime.stamp ## Render every example into build/gallery
	@for film in examples/*/film.yaml; do \
		$(STORYBOARD) render $$film -o build/gallery/$$(basename $$(dirname $$film)).mp4 || exit; done

render: .venv/runtime.stamp ## Render FILM=path/film.yaml
	@test -n "$(FILM)" || { echo "name a film: make render FILM=path/film.yaml" >&2; exit 2; }
	@$(STORYBOARD) render $(FILM)

# Any film by its target: build/path/film.mp4 from path/film.yaml, again when one of its files
# changed. The target is touched after every successful render.
build/%.mp4: %.yaml | .venv/runtime.stamp
	@mkdir -p $(@D)
	@$(STORYBOARD) render $< -o $@ --deps build/$*.d

-include $(shell find build -name '*.d' 2>/dev/null)

faults: .venv/dev.stamp ## Let every call of a render, a plan and a gc fail once
	@$(BIN)/python -m tests.faults

mutate: .venv/dev.stamp ## Make mistakes and damage at random: each is told well
	@for seed in 1 2; do for what in "storyboards 650" "media 500"; do \
		$(BIN)/python -m tests.mutation $$what $$seed || exit; done; done

sbom: .venv/dev.stamp ## List the runtime packages with their hashes, as CycloneDX JSON
	@mkdir -p build
	@$(BIN)/cyclonedx-py requirements requirements/runtime.txt --pyproject pyproject.toml \
		--output-reproducible --of JSON -o build/storyboard.cdx.json
	@echo build/storyboard.cdx.json

lock: ## Resolve the locks again (maintainers; needs uv)
	@for name in runtime dev bench docs; do \
		uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
			--no-emit-index-url --no-emit-find-links --python-version 3.11 \
			requirements/$$name.in -o requirements/$$name.txt || exit; done

clean: ## Remove what was made, but no takes
	@rm -rf build .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
