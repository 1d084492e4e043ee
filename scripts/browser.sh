#!/usr/bin/env bash
# The browser application: node packages by package-lock.json, then its build into viewer_static/dist.
# `browser.sh packages` stops before the build.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ -f "$VIEWER/package.json" ] || fail \
    "viewer_static/package.json がありません。リポジトリを取得し直してください。" \
    "viewer_static/package.json is missing: this is no whole copy of the repository. Clone it again."

node_version="$(node --version 2>/dev/null || true)"
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
              process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null; then
    fail "画面のビルドには Node.js 20.19 以上が必要です（現在: ${node_version:-なし}）。入れてから、もう一度実行してください。" \
        "Building the browser application needs Node.js 20.19 or newer (found: ${node_version:-none}). Install it, then run the same command again."
fi
command -v npm >/dev/null || fail \
    "npm が見つかりません。Node.js と一緒に入れてください。" "npm is missing. Install it beside Node.js."

packages="$(hash_of "in $ROOT" "$node_version" "$VIEWER/package.json" "$VIEWER/package-lock.json")"
if ! { [ -d "$VIEWER/node_modules" ] && stamped node-packages "$packages"; }; then
    rm -f "$BUILD/stamps/node-packages"
    say "画面の部品を入れています" "Installing the browser application's packages"
    quietly npm-ci npm ci --prefix "$VIEWER" --no-audit --no-fund --no-update-notifier --loglevel=error || fail \
        "画面の部品を入れられませんでした。ネットワークを確認し、もう一度実行してください。" \
        "The packages could not be installed. Check the network, then run the same command again."
    stamp node-packages "$packages"
fi
[ "${1:-}" = packages ] && exit 0

inputs=()
for name in "$VIEWER"/*; do
    case "${name##*/}" in node_modules | dist | tests | dev | README.md | eslint.config.js | vitest.config.ts) ;;
    *) inputs+=("$name") ;; esac
done
sources="$(hash_of "$node_version" "${inputs[@]}")"
if ! { [ -f "$VIEWER/dist/index.html" ] && stamped browser "$sources"; }; then
    rm -f "$BUILD/stamps/browser"
    say "画面をビルドしています" "Building the browser application"
    quietly vite npm run --prefix "$VIEWER" --silent build || fail \
        "画面をビルドできませんでした。上の表示を確認してください。" \
        "The browser application could not be built; see the lines above."
    stamp browser "$sources"
fi
