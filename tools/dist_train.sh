#!/usr/bin/env bash
# Train in several processes: tools/dist_train.sh CONFIG PROCESSES [OPTIONS OF train.py...]
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/dist_common.sh"
[ $# -ge 2 ] || usage "$0 CONFIG PROCESSES [OPTIONS OF train.py...]"
launch "$HERE/train.py" "$2" "$1" "${@:3}"
