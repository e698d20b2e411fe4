#!/usr/bin/env bash
# Run the tests, after the set-up where it is still to be done: tools/run_tests.sh [ARGUMENTS OF pytest...]
# Paths in the arguments are relative to the root of the checkout.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
cd "$MMMASKATTN_ROOT"
exec "$PYTHON" -m pytest "$@"
