# Every command of this repository. `./justw` runs it with tools of its own; `just` does if you have it.

set positional-arguments
set shell := ["sh", "-euc"]

# Where it is set, every process would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

# Otherwise pyright asks a registry for its newest version on every run.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := "1"

# Show the commands.
[private]
default:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" --list --unsorted

# Run the whole desk on this machine.
[no-exit-message]
up *ARGS:
    @exec uv run --frozen --no-dev python -m supervisor up "$@"

# Run a private Solana with the real Drift program (its path in DRIFT_SO): --port N, --clock step.
[no-exit-message]
localnet *ARGS:
    @exec uv run --frozen --no-dev python -m localnet "$@"

# Ask the event store of a data folder: verify, replay, trades.
[no-exit-message]
audit *ARGS:
    @exec uv run --frozen --no-dev python -m supervisor audit "$@"

# Check an export of the activity: whole and undamaged, with its hash.
[no-exit-message]
check-export FILE:
    @exec uv run --frozen --no-dev python -m gateway.activity "$@"

# Build the page where its sources changed; `up` and `test` do it too.
page:
    @uv run --frozen --no-dev python -m supervisor page

# Install everything that is locked; `--extra drift` adds the Drift venue.
sync *ARGS:
    uv sync --frozen "$@"

# Check before a commit: format, lint, types, imports, fast tests.
check: check-static check-page
    uv run --frozen pytest -n auto tests/unit tests/contract tests/component

# Check format, lint, types and imports.
check-static:
    uv run --frozen ruff format --check
    uv run --frozen ruff check
    uv run --frozen pyright
    uv run --frozen lint-imports --no-logo

# Check the page's style and types, where `page` was run.
check-page:
    @uv run --frozen python -m supervisor page --check

# Run the tests, all but the soak.
test *ARGS: page
    uv run --frozen pytest -n 2 --dist worksteal -m "not soak" "$@"

# Run what the tests leave out: further seeds, and every fault put back.
soak *ARGS:
    uv run --frozen pytest -n 2 --dist worksteal -m soak "$@"

# Run what needs the real Drift program, the soak too, on each build in DRIFT_SO (paths apart by `:`).
programs *ARGS:
    @for build in $(echo "$DRIFT_SO" | tr : ' '); do \
        echo "on $build"; \
        DRIFT_SO="$build" uv run --frozen --extra drift pytest -n 2 --dist worksteal \
            tests/contract/test_venue_*.py tests/contract/test_drift_*.py \
            tests/integration/test_drift_*.py tests/integration/test_localnet_*.py \
            tests/integration/test_onchain_*.py tests/simulation/test_chain_lives.py \
            tests/e2e/test_up_localnet.py "$@"; \
    done

# Run what failed last (three tests at most) three more times, alone, and name it as unsteady.
again:
    @PYTHONPATH=tests exec uv run --frozen python -m kit.again

# Write the pictures of the page's states into docs/screens anew, from its own tests.
screens: page
    SCREENS=docs/screens uv run --frozen pytest -n 2 tests/e2e/test_page_story.py tests/e2e/test_page_story_chain.py tests/e2e/test_page_delegation.py tests/e2e/test_page_owner.py tests/e2e/test_page_signing.py

# Format, and mend what the linter can.
fmt:
    uv run --frozen ruff format
    uv run --frozen ruff check --fix

# Measure.
bench *ARGS:
    @PYTHONPATH=tests exec uv run --frozen python tests/bench/run.py "$@"

# Live the engine's life by seed: --runs N, --seed N, --report, --machine.
simulate *ARGS:
    @PYTHONPATH=tests exec uv run --frozen python -m kit.engine_report "$@"

# Ask paper and the real Drift program (its path in DRIFT_SO) the same at random: --runs N, --seed N.
differential *ARGS:
    @PYTHONPATH=tests exec uv run --frozen python -m kit.differential "$@"

# Write the generated documents anew.
docs:
    uv run --frozen python -m contracts.catalogue
    uv run --frozen python -m gateway.openapi services/gateway/openapi.json
    uv run --frozen python -m supervisor page --types

# Run the static checks at every git commit.
hooks:
    uv run --frozen prek install
