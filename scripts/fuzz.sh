#!/usr/bin/env bash
# scripts/fuzz.sh MINUTES [TARGET]: the targets of tests/fuzz, one after the other, driven by atheris.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/install.sh --tests
"$VENV/bin/python" -c 'import atheris' 2>/dev/null || fail \
    "atheris がありません。.venv に入れてください: uv pip install --python .venv/bin/python -e '.[fuzz]'" \
    "atheris is missing. Put it into .venv: uv pip install --python .venv/bin/python -e '.[fuzz]'"
say "ファズテスト" "Fuzzing"
exec "$VENV/bin/python" -m tests.fuzz --minutes "$1" "${@:2}"
