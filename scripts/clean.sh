#!/usr/bin/env bash
# Removes what was built and what tools remember; .venv, node_modules and the data folder stay.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

rm -rf dist artefacts viewer_static/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
rm -rf "$BUILD/log" "$BUILD/stamps/browser"
find . -name __pycache__ -not -path './.venv/*' -not -path './viewer_static/node_modules/*' -prune -exec rm -rf {} +
