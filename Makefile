# Every target sets up what it needs; cc, make, cargo, python3 and node with npm are all it asks of the machine.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
# A workspace of its own.
BENCH_SERVER := --manifest-path bench/server/Cargo.toml --target-dir target/bench/server
RUST := $(shell git ls-files -co --exclude-standard '*.rs' '*.toml' Cargo.lock ':!bench' 2>/dev/null)
PY := $(shell git ls-files -co --exclude-standard 'bindings-python/python/*' 2>/dev/null)
TS := $(shell git ls-files -co --exclude-standard 'bindings-node/ts/*' 'bindings-node/bin/*' bindings-node/tsconfig.json 2>/dev/null)

.PHONY: help demo build test test-rust test-generated test-python test-node test-interop test-docs test-package lint gen bench torture docs requirements clean

help: ## show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: build ## build, then watch merchants being onboarded, requests being fulfilled and customers being billed
	$(VENV)/bin/python docs/demo/demo.py

test: ## run every test
	@# The two packages are linked by one thread each: the core's tests fill the other processor meanwhile.
	$(MAKE) --no-print-directory -j2 test-rust build
	$(MAKE) --no-print-directory test-generated test-python test-node test-interop test-docs test-package
	@echo "make test: all passed"

build: target/.python target/.node ## build and install the Python and the Node package

test-rust: $(VENV)/.installed ## core, sandbox and generator, doctests included
	cargo test --locked
	cargo test --locked $(BENCH_SERVER)

test-generated: ## fail when a generated file is stale
	cargo run --locked --quiet -p tenantry-typegen -- --check

test-python: target/.python ## the installed Python package
	$(VENV)/bin/python -m pytest -q bindings-python/tests

test-node: target/.node ## the Node package
	npm run --silent test:node

test-interop: target/.python target/.node ## the vendor's own clients and parser, and several processes at once
	$(VENV)/bin/python -m pytest -q -s tests/interop tests/saml

test-docs: target/.python target/.node ## README examples, the notebook, the demo
	$(VENV)/bin/python -m pytest -q docs/tests

test-package: target/.python target/.node ## what is shipped installs, loads and runs elsewhere
	$(VENV)/bin/python -m pytest -q tests/package

lint: $(VENV)/.installed target/lint/.installed ## formatting, lints, types, licences
	cargo fmt --check
	cargo fmt --check --manifest-path bench/server/Cargo.toml
	cargo clippy --locked $(BENCH_SERVER) -- -D warnings
	cargo clippy --locked --workspace --all-features -- -D warnings
	@# What a test takes for granted it may unwrap; clippy knows only the functions that are tests themselves.
	cargo clippy --locked --all-targets --all-features -- -D warnings -A clippy::unwrap_used -A clippy::expect_used -A clippy::panic
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/pyright
	target/lint/node_modules/.bin/biome check
	command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny --locked check bans licenses sources

gen: ## write the generated Python and TypeScript
	cargo run --locked --quiet -p tenantry-typegen

bench: target/.python target/.node ## speed, memory and sizes beside others' (BENCH_ARGS="list small --reps 3" for a part)
	$(if $(BENCH_ARGS),,cargo bench --locked -p tenantry --bench flows)
	$(VENV)/bin/python -B bench/run.py $(BENCH_ARGS)

torture: target/.python target/.node ## the long runs
	TENANTRY_KILLS=2000 $(VENV)/bin/python -m pytest -q -s bindings-python/tests -k kill
	TENANTRY_KILLS=2000 npm run --silent test:node
	TENANTRY_REQUESTS=10000 TENANTRY_CASES=100000 $(VENV)/bin/python -m pytest -q -s tests/interop
	TENANTRY_CASES=1000000 cargo test --locked -p tenantry-tape --test differential -- --nocapture
	@# The fuzzer's and the sanitizer's options are not stable ones; the libraries they need come with the compiler.
	test -x target/tools/bin/cargo-fuzz || cargo install --locked cargo-fuzz --root target/tools
	cd core/tape && PATH="$(CURDIR)/target/tools/bin:$$PATH" RUSTC_BOOTSTRAP=1 \
	  cargo fuzz run differential -s address -- -runs=1000000 -max_len=4096

docs: ## Rust documentation
	cargo doc --locked --no-deps -p tenantry -p tenantry-sandbox

requirements: ## pin the development requirements anew
	$(PYTHON) -m venv target/uv && target/uv/bin/pip install --quiet uv
	target/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links requirements-dev.in -o requirements-dev.txt

clean: ## remove everything that was built or installed
	rm -rf target $(VENV) node_modules bindings-node/dist

$(VENV)/.installed: requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

# The wheel that users get, installed as they install it.
target/.python: $(VENV)/.installed $(RUST) $(PY) pyproject.toml README.md
	rm -rf target/wheels
	$(VENV)/bin/maturin build --release --locked --quiet --out target/wheels
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps target/wheels/*.whl
	touch $@

node_modules/.installed: package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# Not a dependency of the package: a lock file made on one platform lacks its binaries for the others, and npm ci refuses it.
target/lint/.installed: Makefile
	npm install --no-save --no-audit --no-fund --loglevel=error --prefix target/lint @biomejs/biome@2.6.8
	touch $@

target/.node: node_modules/.installed $(RUST) $(TS)
	npm run --silent build
	touch $@
