#!/usr/bin/env bash
# Test in several processes: tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [OPTIONS OF test.py...]
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/dist_common.sh"
[ $# -ge 3 ] || usage "$0 CONFIG CHECKPOINT PROCESSES [OPTIONS OF test.py...]"
launch "$HERE/test.py" "$3" "$1" "$2" "${@:4}"
