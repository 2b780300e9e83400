# Full Tracker's commands. `make run` is all that a newcomer needs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
READY  := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
# The labelled titles don't come with the source: name them, or put them where these look.
CATALOGUE ?= $(firstword $(wildcard ../*/data/shows.csv.gz))
PAIRS     ?= $(firstword $(wildcard ../*/data/pairs.csv))
TEMPLATES := git ls-files --cached --others --exclude-standard 'templates/*.html'

.DEFAULT_GOAL := help
.PHONY: help run demo test lint format bench faults fuzz eval licences lock clean

help:  ## Show the commands.
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: $(READY)  ## Start Full Tracker: the web server and the worker. Settings: docs/configuration.md.
	@exec $(MANAGE) run

demo: $(READY)  ## Start it with sample shows and events, in a folder that is thrown away at the end.
	@exec $(MANAGE) demo

test: $(READY_DEV)  ## Run the tests on SQLite, then on PostgreSQL where a server answers.
	@$(BIN)/python -m tests $(ARGS)

lint: $(READY_DEV)  ## Check style, types, imports, templates, migrations and settings; all, then fail.
	@failed=0; check() { echo "$$*"; "$$@" || failed=1; }; export DJANGO_SETTINGS_MODULE=tests.settings; \
	check $(BIN)/ruff check .; \
	check $(BIN)/ruff format --check .; \
	check $(BIN)/mypy tracker plex tests; \
	check $(BIN)/lint-imports; \
	check $(BIN)/djade --check $$($(TEMPLATES)); \
	check $(MANAGE) makemigrations --check --dry-run; \
	check $(MANAGE) check; \
	exit $$failed

format: $(READY_DEV)  ## Format code and templates.
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .
	$(TEMPLATES) | xargs $(BIN)/djade

bench: $(READY_DEV)  ## Measure the speed; ARGS="--help" shows the choices.
	$(BIN)/python -m tests.bench $(ARGS)

faults: $(READY_DEV)  ## Kill, cut off and fill up; see that nothing is lost. ARGS="--full": 100 kills.
	@$(BIN)/python -m tests.faults $(ARGS)

fuzz: $(READY_DEV)  ## Post odd requests to the webhook (ARGS="--bodies 100000" for as many); new examples for the properties.
	@$(BIN)/python -m tests.fuzz $(ARGS)

licences: $(READY_DEV)  ## Write docs/licences.md: what comes with Full Tracker, and on which terms.
	@$(BIN)/python -m tests.licences

eval: $(READY_DEV)  ## Try the matching: make eval CATALOGUE=shows.csv.gz PAIRS=pairs.csv OUT=result.jsonl
	$(MANAGE) evaluate_matching --catalogue "$(CATALOGUE)" --pairs "$(PAIRS)" --out "$(OUT)"

lock:  ## Pin the newest versions of the dependencies with their hashes (needs uv).
	set -- uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-header --no-annotate --no-emit-index-url pyproject.toml --extra redis; \
	"$$@" -o .ci/requirements.txt && "$$@" --extra dev -o .ci/requirements-dev.txt

clean:  ## Remove the environment and caches; data/ stays.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage

# $(call install,LOCK): the environment, made anew where there is none that works, with what LOCK names.
define install
@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Full Tracker needs Python 3.11 or newer. Name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }; \
	$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }; \
	echo "Making the environment in $(VENV) …"; \
	$(PYTHON) -m venv --clear $(VENV); \
}
@echo "Installing the locked dependencies: this takes up to a minute, once …"
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(1)
endef

# A new version of Python leaves an environment behind that looks finished and is empty.
$(shell $(BIN)/python -c 'import django' 2>/dev/null || rm -f $(READY) $(READY_DEV))

$(READY): .ci/requirements.txt
	$(call install,$<)
	@touch $@

$(READY_DEV): .ci/requirements-dev.txt
	$(call install,$<)
	@touch $@ $(READY)
