# Shared by dist_train.sh and dist_test.sh; not to be run by itself.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# usage LINE: print how to call the script, with the variables, and stop.
usage() {
    cat >&2 <<TEXT
Usage: $1
Processes use one GPU each, or the CPU where there is no GPU.
Variables: PORT (default: a free one), PYTHON (default: python), OMP_NUM_THREADS (default: cores / processes).
More than one machine: run it on each, with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
TEXT
    exit 2
}

# find_python: the PYTHON variable; if it has no torch, the environment that tools/quickstart.sh made.
find_python() {
    PYTHON="${PYTHON:-python}"
    local has_torch='import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)'
    if "$PYTHON" -c "$has_torch" 2>/dev/null; then return; fi
    if [ -x "$ROOT/.venv/bin/python" ]; then
        PYTHON="$ROOT/.venv/bin/python"
    else
        echo "$PYTHON has no torch. Activate the environment that has it, set PYTHON, or run tools/quickstart.sh." >&2
        exit 1
    fi
}

# launch SCRIPT PROCESSES ARGUMENTS...: run the script in so many processes.
launch() {
    local script="$1" processes="$2"
    shift 2
    if ! [[ "$processes" =~ ^[1-9][0-9]*$ ]]; then
        echo "The number of processes must be a positive integer, not '$processes'." >&2
        exit 2
    fi
    find_python
    local cores
    cores="$(getconf _NPROCESSORS_ONLN)"
    export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$((cores > processes ? cores / processes : 1))}"
    export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"
    local rendezvous=(--standalone)
    if [ -n "${NNODES:-}" ] || [ -n "${PORT:-}" ]; then
        rendezvous=(--nnodes "${NNODES:-1}" --node_rank "${NODE_RANK:-0}"
            --master_addr "${MASTER_ADDR:-127.0.0.1}" --master_port "${PORT:-29500}")
    fi
    exec "$PYTHON" "$ROOT/tools/dist_processes.py" "${rendezvous[@]}" --nproc_per_node "$processes" \
        "$script" "$@" --launcher pytorch
}
