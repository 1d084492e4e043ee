#!/usr/bin/env bash
# System packages: installs those named on the command line that are missing (Debian and its kin).
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "Debian ではないため、OS のパッケージは確認しません（必要: $*）" \
        "This is no Debian: system packages are not looked after (needed: the equivalents of $*)"
    exit 0
fi

missing=()
for package in "$@"; do
    # A package may stand there once for each architecture; one of them is enough.
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail \
        "次のパッケージが必要です。管理者に依頼してください: ${missing[*]}" \
        "These packages are missing, and neither root nor sudo is at hand. Ask your administrator for: apt-get install ${missing[*]}"
    as_root=(sudo)
    sudo -v || fail \
        "sudo を使えませんでした。管理者に依頼してください: apt-get install ${missing[*]}" \
        "sudo did not let us in. Ask your administrator for: apt-get install ${missing[*]}"
fi

say "OS のパッケージを入れています: ${missing[*]}" "Installing system packages: ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
quietly apt-update "${apt[@]}" update || fail \
    "パッケージ一覧を取得できませんでした。ネットワークと /etc/apt/sources.list を確認し、もう一度実行してください。" \
    "The list of packages could not be fetched. Check the network and /etc/apt/sources.list, then run the same command again."
quietly apt-install "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" || fail \
    "パッケージを入れられませんでした。上の表示を確認し、もう一度実行してください。" \
    "The packages could not be installed. See the lines above, then run: apt-get install ${missing[*]}"
