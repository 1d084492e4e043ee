#!/usr/bin/env bash
# Sets up what the tests need and runs all of them: checks, browser unit tests, pytest (last, two at a time).
# A failing part does not hide the next one; arguments go to pytest.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/install.sh --tests

failed=()
scripts/lint.sh || failed+=("checks")

say "テスト: 画面の部品 (vitest)" "Testing: parts of the browser application (vitest)"
npm run --prefix "$VIEWER" --silent test </dev/null || failed+=("vitest")

say "テスト: pytest" "Testing: pytest"
"$VENV/bin/pytest" --no-header -n 2 --dist worksteal "$@" </dev/null || failed+=("pytest")

[ ${#failed[@]} -eq 0 ] || fail \
    "失敗があります: ${failed[*]}" "Something failed: ${failed[*]}. See its lines above."
