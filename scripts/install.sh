#!/usr/bin/env bash
# The set-up alone: system packages, .venv, browser build. Idempotent; what is up to date is left alone.
# `install.sh --tests` adds what the tests and checks need.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

kind=runtime
# WeasyPrint draws report PDFs with Pango, in a Japanese font.
system=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk)
if [ "${1:-}" = --tests ]; then
    kind=dev
    # A real browser, independent DICOM programs (peers, a validator), and a PDF reader.
    system+=(chromium dcmtk dicom3tools poppler-utils)
fi

# Two set-ups at once in one folder wait for each other.
if command -v flock >/dev/null; then
    exec 9>"$BUILD/install.lock"
    flock --nonblock 9 || { say "ほかの準備が終わるのを待っています" "Waiting for another set-up in this folder" && flock 9; }
fi

began=$SECONDS
scripts/system.sh "${system[@]}" 9>&-
scripts/python.sh "$kind" 9>&-
scripts/browser.sh 9>&-
spent=$((SECONDS - began))
[ "$spent" -lt 3 ] || say "準備ができました（${spent} 秒）" "Everything is set up (${spent} s)"
