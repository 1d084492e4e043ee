#!/usr/bin/env bash
# The Python environment in .venv: pinned and hashed, the project itself installed as editable.
# `python.sh runtime` is what the hub needs; `python.sh dev` adds what tests and checks need.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

kind="${1:-runtime}"
runtime="$(hash_of "runtime in $ROOT" pyproject.toml requirements/runtime.lock requirements/uv.lock)"
dev="$(hash_of "dev in $ROOT" pyproject.toml requirements/dev.lock requirements/uv.lock)"

# The environment of the tests holds all that the hub needs, in the same versions.
if [ -x "$VENV/bin/dokuei" ] && "$VENV/bin/python" -c '' 2>/dev/null; then
    stamped python "$dev" && exit 0
    [ "$kind" = runtime ] && stamped python "$runtime" && exit 0
fi

# usable PYTHON: 3.11 or newer. complete PYTHON: can make an environment (Debian ships that apart).
usable() { command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
complete() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

find_python() {
    local candidate first=""
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3}; do
        usable "$candidate" || continue
        complete "$candidate" && printf '%s' "$candidate" && return
        [ -n "$first" ] || first="$candidate"
    done
    printf '%s' "$first"
}

python="$(find_python)"
if [ -z "$python" ] || ! complete "$python"; then
    "$ROOT/scripts/system.sh" python3 python3-venv
    hash -r
    python="$(find_python)"
fi
if [ -z "$python" ] || ! complete "$python"; then
    fail "Python 3.11 以上（venv を含む）が見つかりません。入れてから、もう一度実行してください（例: make install PYTHON=/path/to/python3.11）。" \
        "No Python 3.11 or newer with its venv module was found. Install one, or name it: make install PYTHON=/path/to/python3.11"
fi

# An environment that was made elsewhere (its programs would start the other one), or whose Python is gone, is made anew.
if ! { usable "$VENV/bin/python" && grep -q -- " $VENV\$" "$VENV/pyvenv.cfg"; }; then
    say "Python 環境を作っています（.venv）" "Making the Python environment (.venv) with $("$python" --version)"
    quietly venv "$python" -m venv --clear "$VENV" || fail \
        ".venv を作れませんでした。" "The environment could not be made; see the lines above."
    rm -f "$BUILD/stamps/uv"
fi

locked_uv="$(hash_of "in $VENV" requirements/uv.lock)"
if ! { [ -x "$VENV/bin/uv" ] && stamped uv "$locked_uv"; }; then
    say "uv を入れています" "Installing uv, which installs the rest"
    quietly pip "$VENV/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement requirements/uv.lock || fail \
        "uv を入れられませんでした。ネットワーク（プロキシ・パッケージの取得先）を確認し、もう一度実行してください。" \
        "uv could not be installed. Check the network (proxy, package index), then run the same command again."
    stamp uv "$locked_uv"
fi

rm -f "$BUILD/stamps/python"
say "Python パッケージを入れています（$kind）" "Installing Python packages ($kind), pinned and checked by hash"
quietly uv-sync "$VENV/bin/uv" pip sync --quiet --require-hashes --python "$VENV/bin/python" \
    "requirements/$kind.lock" requirements/uv.lock || fail \
    "Python パッケージを入れられませんでした。ネットワークを確認し、もう一度実行してください。" \
    "The Python packages could not be installed. Check the network, then run the same command again."

# The project's own code: no network, no second environment for the build.
quietly uv-project "$VENV/bin/uv" pip install --quiet --offline --no-deps --no-build-isolation \
    --python "$VENV/bin/python" --editable . || fail \
    "dokuei を .venv に登録できませんでした。" \
    "The project could not be installed into .venv; see the lines above."
if [ "$kind" = dev ]; then stamp python "$dev"; else stamp python "$runtime"; fi
