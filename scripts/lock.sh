#!/usr/bin/env bash
# Pins every package again, with hashes; no lock names where packages come from.
# Keeps the pinned versions that still fit; `lock.sh --upgrade` takes the newest.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ -x "$VENV/bin/uv" ] || scripts/python.sh runtime

pin() {
    local name="$1"
    shift
    say "requirements/$name.lock を作っています" "Pinning requirements/$name.lock"
    "$VENV/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --custom-compile-command "make lock" "$@" --output-file "requirements/$name.lock" "requirements/$name.in"
}

pin uv "$@"
pin runtime "$@"
pin dev "$@" --constraint requirements/runtime.lock

say "viewer_static/package-lock.json を作っています" "Pinning viewer_static/package-lock.json"
quietly npm-lock npm install --prefix "$VIEWER" --package-lock-only --omit-lockfile-registry-resolved \
    --no-audit --no-fund --no-update-notifier --loglevel=error
