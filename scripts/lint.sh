#!/usr/bin/env bash
# Every check that is no test; all are run, the failed ones are named at the end.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

failed=()
check() {
    local name="$1"
    shift
    say "検査: $name" "Checking: $name"
    "$@" </dev/null || failed+=("$name")
}

check "ruff check" "$VENV/bin/ruff" check --quiet .
check "ruff format" "$VENV/bin/ruff" format --check .
check "mypy" "$VENV/bin/mypy" --no-error-summary
check "import-linter" quietly lint-imports "$VENV/bin/lint-imports"
check "tsc + eslint" npm run --prefix "$VIEWER" --silent check

[ ${#failed[@]} -eq 0 ] || fail \
    "検査に通りませんでした: ${failed[*]}" \
    "These checks failed: ${failed[*]}. 'make format' mends the layout; the rest is told above."
