#!/usr/bin/env bash
# Run the tests, after the set-up where it is still to be done: tools/run_tests.sh [ARGUMENTS OF pytest...]
# `-m long` runs those that repeat on more models, sizes or processes what others witness, which are left out otherwise.
# Paths in the arguments are relative to the root of the checkout.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
cd "$MMMASKATTN_ROOT"
# The page of web/ is tested in a browser where there are Node, Chromium and web/node_modules.
BROWSER=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$BROWSER" ] || [ -z "$(command -v node || true)" ] || [ ! -d web/node_modules/playwright-core ]; then
  echo '[tests] browser tests are skipped; to run them: apt-get install nodejs npm chromium; (cd web && npm ci)'
fi
# As many tests at a time as there are cores, of one thread each; a file stays in one process, which keeps its fixtures.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
# Files are begun in the order of tests/conftest.py.
exec "$PYTHON" -m pytest -n auto --dist loadfile --no-loadscope-reorder "$@"
