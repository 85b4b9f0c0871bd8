# Two commands: `make run` and `make test`. Everything else is for those who change the product.
PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1

.PHONY: run test setup lint format lock

run:
	@exec $(PYTHON) -m crm.launch run --host $(HOST) --port $(PORT)

test:
	@exec $(PYTHON) -m crm.launch test

setup:
	@$(PYTHON) -m crm.launch setup

lint: setup
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy \
	  && .venv/bin/pytest -q tests/architecture/test_layers.py

format: setup
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

# The locks name no host: they must install from any index.
lock: setup
	@cd requirements && for group in prod run dev; do \
	  ../.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --no-emit-index-url --no-emit-find-links $$group.in -o $$group.txt || exit 1; done
