#!/usr/bin/env bash
# Sets up, then becomes the hub with its demo region, so that Ctrl-C reaches it.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/install.sh
exec "$VENV/bin/dokuei" demo "$@"
