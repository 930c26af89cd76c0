# Every target does its own set-up. Nothing outside this checkout is changed.
PYTHON ?= python3
# A folder of the checkout: an environment beside the first one, with another Python.
VENV ?= .venv
BIN := $(VENV)/bin
ROWS ?=
FAULTS ?= 15
MESSAGES ?= 5000
SECONDS ?= 60

.PHONY: help demo test coverage test-rabbitmq4 test-postgres15 test-python test-debian13 check bench faults test-slow fuzz mails image-root format lock clean setup

help:
	@echo "make demo    everything once, on an embedded RabbitMQ and PostgreSQL"
	@echo "make test    all tests, against real services, but for those of make test-slow"
	@echo "make coverage    the same, and which lines and branches they reach"
	@echo "make test-rabbitmq4, make test-postgres15    those with services, on other versions"
	@echo "make test-python PYTHON=python3.12    what leans on Python's own asyncio, on another Python"
	@echo "make test-debian13    the same on Debian 13's Python, in a root of its own"
	@echo "make check   format, lint, types, import contracts"
	@echo "make bench   throughput beside its peers; ROWS=intake,faststream for some rows"
	@echo "make faults  nothing lost, nothing twice, whatever breaks; MESSAGES=5000 FAULTS=15 SEED=1"
	@echo "make test-slow    each of those faults, answers that don't come, messages that kill, more stacks, each remedy"
	@echo "make fuzz    whatever comes from outside, changed at random; SECONDS=60 for each target"
	@echo "make mails   every mail in a real browser; keeps the pictures of docs/mails.md"
	@echo "make image-root    the Dockerfile without Docker: its steps, and the program, in a root of its own"
	@echo "make format  put the code in form"
	@echo "make lock    resolve the dependencies anew"
	@echo "make clean   stop the embedded services; remove them and the environment"

BOOTSTRAP = $(PYTHON) worker/stack/bootstrap.py --environment $(VENV)
setup:
	@$(BOOTSTRAP)

demo: setup
	@$(BIN)/klantcontact demo

# In the order of the folders: the slow ones first, so that both processes end at the same time.
AT_ONCE = --numprocesses 2 --dist loadfile --no-loadscope-reorder
# What has services of its own or goes all the way of a person many times: on demand.
SLOW_TESTS = tests/integration/faults tests/integration/test_rabbitmq_cluster.py \
	tests/integration/test_rabbitmq_cluster_cut.py \
	tests/integration/test_topology_apply.py tests/integration/test_stack_lifetime.py \
	tests/integration/test_stack_versions.py tests/acceptance/test_deadly.py \
	tests/acceptance/test_remedies.py tests/acceptance/test_every_answer.py \
	tests/acceptance/test_mail_servers.py
WITHOUT_SLOW = $(SLOW_TESTS:%=--ignore %)
test: setup
	@$(BIN)/pytest $(AT_ONCE) $(WITHOUT_SLOW) $(TESTS)

coverage: setup
	@$(BIN)/pytest --cov $(AT_ONCE) $(WITHOUT_SLOW) $(TESTS)

# What needs no service needs no other version. TESTS=... for some of them.
ON_SERVICES = $(BIN)/pytest $(AT_ONCE) $(WITHOUT_SLOW) \
	$(or $(TESTS),tests/integration tests/acceptance)
RABBITMQ4 ?= 4.0
test-rabbitmq4: setup
	@KLANTCONTACT_STACK_RABBITMQ=$(RABBITMQ4) $(ON_SERVICES)

test-postgres15: setup
	@KLANTCONTACT_STACK_POSTGRES=15 $(ON_SERVICES)

# Outages, shutdown, watchdog, probes and faults: how a task is cancelled differs from one patch
# release of Python to the next.
ON_ANOTHER_PYTHON = tests/unit tests/integration/test_consuming_ends.py \
	tests/integration/test_consuming_tended.py tests/integration/test_pool.py \
	tests/integration/test_publishing.py $(wildcard tests/acceptance/test_outages*.py) \
	tests/acceptance/test_worker.py tests/acceptance/test_watchdog.py \
	tests/acceptance/test_probing.py tests/acceptance/test_faults.py
test-python:
	@$(MAKE) --no-print-directory test VENV=.venv-other TESTS="$(ON_ANOTHER_PYTHON)"

# As root, on Debian with debootstrap.
test-debian13: setup
	@$(BIN)/python -m tests.image.debian13

check: setup
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench:
	@$(BOOTSTRAP) --lock requirements-bench.lock
	@$(BIN)/python -m tests.bench $(if $(ROWS),--rows $(ROWS))

test-slow: setup
	@$(BIN)/pytest $(SLOW_TESTS)

faults: setup
	@$(BIN)/python -m tests.faults --messages $(MESSAGES) --faults $(FAULTS) \
		$(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) \
		$(if $(WINDOW),--window $(WINDOW))

fuzz:
	@$(BOOTSTRAP) --lock requirements-fuzz.lock
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(TARGETS)

mails: setup
	@$(BIN)/python -m tests.looks

# As root, on Debian with debootstrap: it makes roots, and mounts that end with it.
image-root: setup
	@$(BIN)/python -m tests.image

format: setup
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

# A lock file holds hashes and names no host, so that any mirror will do.
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate
ALL = pyproject.toml --extra stack --group dev
lock:
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) $(ALL) -o requirements-dev.lock
	$(LOCK) $(ALL) --group bench -o requirements-bench.lock
	$(LOCK) $(ALL) --group fuzz -o requirements-fuzz.lock
	$(LOCK) --group build -o requirements-build.lock

clean:
	@[ ! -x $(BIN)/klantcontact ] || $(BIN)/klantcontact stack reset
	@rm -rf .venv .venv-* .stack
