#!/usr/bin/env bash
# One wheel into dist/, with the browser application inside.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/install.sh
say "wheel を作っています" "Building the wheel"
quietly wheel "$VENV/bin/uv" build --wheel --offline --no-build-isolation --python "$VENV/bin/python" --out-dir dist || fail \
    "wheel を作れませんでした。" "The wheel could not be built; see the lines above."
ls dist/*.whl
