# shellcheck shell=bash
# What the set-up scripts share: where we are, how they speak, when work can be left out.
# Sourced, never run.

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# Used by those that source this file.
# shellcheck disable=SC2034
VENV="$ROOT/.venv"
BUILD="$ROOT/build"
# shellcheck disable=SC2034
VIEWER="$ROOT/viewer_static"
cd "$ROOT"
[ -t 1 ] || export NO_COLOR=1
mkdir -p "$BUILD/stamps" "$BUILD/log"

# say JAPANESE ENGLISH: one line of progress.
say() { printf '▸ %s ／ %s\n' "$1" "$2"; }

# fail JAPANESE ENGLISH: the last lines of a run that can't go on say what to do.
fail() {
    printf '\n✗ %s\n  %s\n' "$1" "$2" >&2
    exit 1
}

# quietly NAME COMMAND...: run it with its output kept in build/log/NAME.log; show the end of it on failure.
quietly() {
    local log="$BUILD/log/$1.log"
    shift
    if ! NO_COLOR=1 "$@" >"$log" 2>&1 </dev/null; then
        tail -n 25 "$log" >&2
        printf '  (%s)\n' "$log" >&2
        return 1
    fi
}

# hash_of WORD...: one hash over the words and, for words that are files or folders, their names and contents.
hash_of() {
    local word
    for word in "$@"; do
        if [ -e "$word" ]; then
            find "$word" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
        else
            printf '%s\n' "$word"
        fi
    done | sha256sum | cut -d ' ' -f 1
}

# stamped NAME HASH: was this work finished for exactly these inputs?
stamped() { [ -f "$BUILD/stamps/$1" ] && [ "$(cat "$BUILD/stamps/$1")" = "$2" ]; }

# stamp NAME HASH: it is finished now.
stamp() { printf '%s\n' "$2" >"$BUILD/stamps/$1"; }
