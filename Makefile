# `make setup` prepares .venv (the `sijil` command is in it); `make demo` shows everything; `make test` proves it.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
export UV_PYTHON_DOWNLOADS = never
# The project's own environment, whatever the caller's shell has set.
export UV_PROJECT_ENVIRONMENT = $(VENV)
# Modules are compiled once and not by every worker and command anew, whatever the caller's shell has set.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-browser setup-provider demo test screenshots catalogues lint clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY)  ## install everything into .venv

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Sijil needs Python 3.11, 3.12 or 3.13; $(PYTHON) is none of these. Say which: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip --quiet --disable-pip-version-check --no-cache-dir install uv==0.13.9
	$(VENV)/bin/uv sync --frozen --inexact --no-cache --quiet
	@touch $@

setup-browser:  ## install Chromium, in which tests read the pages (Debian and Ubuntu, as root)
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; }

setup-provider:  ## install the identity provider that tests of signing in run against (needs Node 20 or later and npm)
	@command -v npm >/dev/null || { echo "npm is missing: the tests of signing in at an identity provider will be skipped, and will say so"; exit 1; }
	cd tests/console && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

demo: $(READY)  ## start everything, file 1,000 applications, show them, serve the portal until Ctrl-C
	@exec $(VENV)/bin/sijil demo

test: $(READY)  ## the whole suite, against real servers; three at once, since many tests wait
	@exec $(VENV)/bin/pytest -n 3

screenshots: $(READY)  ## keep a picture of each page in every language in pictures/, and those of the README (needs Chromium)
	@rm -rf pictures
	@$(VENV)/bin/pytest -q tests/console/test_pictures.py tests/console/test_enrolments_in_browser.py \
		tests/portal/test_*in_browser.py tests/portal/test_public.py \
		tests/portal/test_calculate.py --pictures pictures
	@exec $(VENV)/bin/python -m tests.picturing pictures docs

catalogues: $(READY)  ## add to each catalogue the texts that the pages ask for and it lacks, for a translator to fill in
	@exec $(VENV)/bin/python -m web.extracting

lint: $(READY)  ## ruff (rules and format), mypy, import-linter
	$(VENV)/bin/ruff format --check --quiet
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

clean:  ## remove .venv and the demo's data
	rm -rf $(VENV) .sijil tests/console/node_modules
