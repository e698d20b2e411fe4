# Shared by slurm_train.sh and slurm_test.sh; not to be run by itself.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# usage LINE: print how to call the script, with the variables, and stop.
usage() {
    cat >&2 <<TEXT
Usage: $1
Variables: GPUS (processes in all, default 4), GPUS_PER_NODE (default: GPUS, at most 8), CPUS_PER_TASK (default 5),
CPU_ONLY=1 (ask for no GPUs), SRUN_ARGS (more options for srun, split at spaces), PYTHON (default: python).
TEXT
    exit 2
}

# launch SCRIPT PARTITION JOB_NAME ARGUMENTS...: run the script under srun.
launch() {
    local script="$1" partition="$2" job="$3"
    shift 3
    local tasks="${GPUS:-4}"
    local per_node="${GPUS_PER_NODE:-$((tasks < 8 ? tasks : 8))}"
    local resources=()
    [ -n "${CPU_ONLY:-}" ] || resources=(--gres="gpu:$per_node")
    local extra=()
    read -r -a extra <<<"${SRUN_ARGS:-}"
    export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"
    exec srun -p "$partition" --job-name="$job" ${resources[@]+"${resources[@]}"} --ntasks="$tasks" \
        --ntasks-per-node="$per_node" --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 \
        ${extra[@]+"${extra[@]}"} "${PYTHON:-python}" -u "$script" "$@" --launcher slurm
}
