#!/usr/bin/env bash
# Test under slurm: tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [OPTIONS OF test.py...]
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/slurm_common.sh"
[ $# -ge 4 ] || usage "$0 PARTITION JOB_NAME CONFIG CHECKPOINT [OPTIONS OF test.py...]"
launch "$HERE/test.py" "$@"
