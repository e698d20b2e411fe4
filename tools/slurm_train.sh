#!/usr/bin/env bash
# Train under slurm: tools/slurm_train.sh PARTITION JOB_NAME CONFIG [OPTIONS OF train.py...]
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$HERE/slurm_common.sh"
[ $# -ge 3 ] || usage "$0 PARTITION JOB_NAME CONFIG [OPTIONS OF train.py...]"
launch "$HERE/train.py" "$@"
