#!/usr/bin/env bash
# Set up all that mmmaskattn needs, and make it the environment of the calling script:
#
#   source tools/setup_env.sh      (from a script; leaves $PYTHON, and the environment first in $PATH)
#   bash tools/setup_env.sh        (by hand)
#
# An active virtualenv or conda environment that has torch is used as it is, with its torch; otherwise .venv is made. Run again
# it ends at once; interrupted, it goes on where it stopped. pip's own variables and configuration (index, find-links) are obeyed.
#
#   MMMASKATTN_TORCH   what to install as torch, such as "torch==2.9.0"           (default: the version tested)
#   PYTHON             the interpreter that makes .venv                           (default: python3)
#   MAX_JOBS           how many compilers run at a time                           (default: by cores and memory)

MMMASKATTN_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# setup_supported NAME: the oldest and the newest supported version, as mmmaskattn/version.py states them.
setup_supported() { sed -n "s/^ *'$1': ('\(.*\)', '\(.*\)'),\$/\1 \2/p" "$MMMASKATTN_ROOT/mmmaskattn/version.py"; }

# setup_pin NAME: the requirement of the newest supported version.
setup_pin() { printf '%s==%s' "$1" "$(setup_supported "$1" | cut -d ' ' -f 2)"; }

OLDEST_PYTHON=$(setup_supported python | cut -d ' ' -f 1)
TORCH_REQUIREMENT=${MMMASKATTN_TORCH:-$(setup_pin torch)}
MMCV_VERSION=$(setup_supported mmcv | cut -d ' ' -f 2)
HOST_REQUIREMENTS=("$(setup_pin mmengine)" "$(setup_pin mmsegmentation)" "$(setup_pin mmdet)" ftfy regex)
BUILD_REQUIREMENTS=('setuptools<81' wheel ninja psutil)

setup_say() { printf '[set-up] %s\n' "$*"; }

# setup_step NAME ADVICE COMMAND...: run a command with its output in a log, a line of progress every 15 s, and on failure the
# name of the step, the end of the log and the advice.
setup_step() {
  local name=$1 advice=$2 log start status
  shift 2
  log="$SETUP_LOGS/${name//[^a-z0-9]/-}.log"
  start=$SECONDS
  setup_say "$name ..."
  set -m # a process group of its own, so that an interruption ends all that the step has started
  "$@" >"$log" 2>&1 </dev/null &
  local job=$!
  set +m
  trap 'kill -- -"$job" 2>/dev/null; setup_say "interrupted in step: $name. Run again to go on."; exit 130' INT TERM
  setup_watch "$job" "$name" "$log" "$start"
  status=0
  wait "$job" || status=$?
  trap - INT TERM
  if [ "$status" -ne 0 ]; then
    setup_say "FAILED: $name (exit status $status). The end of $log:" >&2
    tail -n 15 "$log" | sed 's/^/    /' >&2
    setup_say "What to do: $advice Then run again: what is done stays done." >&2
    return 1
  fi
  setup_say "$name: done in $((SECONDS - start)) s"
}

# setup_watch JOB NAME LOG START: while JOB runs, print a line every 15 s; a compilation by ninja shows its steps and an estimate.
setup_watch() {
  local job=$1 name=$2 log=$3 start=$4 printed=$SECONDS elapsed steps
  while kill -0 "$job" 2>/dev/null; do
    sleep 0.2
    [ $((SECONDS - printed)) -ge "${SETUP_PROGRESS_SECONDS:-15}" ] || continue
    printed=$SECONDS
    elapsed=$((SECONDS - start))
    steps=$(tr '\r' '\n' <"$log" | grep -oE '\[[0-9]+/[0-9]+\]' | tail -n 1 | tr -d '[]')
    if [ -n "$steps" ]; then
      setup_say "$name: $elapsed s, compiled $steps files, about $((elapsed * (${steps#*/} - ${steps%/*}) / ${steps%/*})) s left"
    else
      setup_say "$name: $elapsed s, $(tail -n 1 "$log" | sed 's/^ *//' | cut -c 1-100)"
    fi
  done
}

# setup_prefix_with_torch PYTHON: the prefix of this interpreter if it is an environment (not a bare Python) with a torch that was
# installed to the end, nothing otherwise. Imports nothing: it must be quick.
setup_prefix_with_torch() {
  "$1" - <<'PYTHON' 2>/dev/null || true
import importlib.metadata, os, sys
environment = sys.prefix != sys.base_prefix or os.environ.get('CONDA_PREFIX') == sys.prefix
whole = any(d.read_text('RECORD') or d.read_text('PKG-INFO') for d in importlib.metadata.distributions(name='torch'))
print(sys.prefix if environment and whole else '')
PYTHON
}

# What the set-up depends on; when this changes, the steps run again.
setup_fingerprint() {
  printf '%s\n' "$MMMASKATTN_ROOT" "$TORCH_REQUIREMENT" "$MMCV_VERSION" "${HOST_REQUIREMENTS[@]}" "${BUILD_REQUIREMENTS[@]}" \
    "$(ls -d "$SETUP_PREFIX"/lib/python*/site-packages/torch-*.dist-info 2>/dev/null)" | cat - "$MMMASKATTN_ROOT"/{setup.py,mmmaskattn/version.py,runtime/pyproject.toml} | cksum
}

setup_make_venv() {
  "${PYTHON:-python3}" -c 'import sys
oldest = sys.argv[1]
fits = sys.version_info >= tuple(map(int, oldest.split(".")))
sys.exit(None if fits else "Python >= " + oldest + " is needed, this is " + sys.version)' "$OLDEST_PYTHON" &&
    "${PYTHON:-python3}" -m venv --clear "$1"
}

# How many compilers at a time: one for each core, but not more than 2 GiB of memory for each allows.
setup_jobs() {
  "$PYTHON" -c 'import os, psutil
cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
print(max(1, min(cores, psutil.virtual_memory().available // 2**31)))'
}

setup_check_compiler() {
  command -v "${CXX:-c++}" >/dev/null || command -v g++ >/dev/null || { echo 'no C++ compiler (c++, g++) was found'; return 1; }
  "$PYTHON" -c 'import pathlib, sysconfig as s, sys
header = pathlib.Path(s.get_paths()["include"], "Python.h")
sys.exit(None if header.exists() else f"{header} is missing")'
}

# mmcv from its source release, in a folder that is kept until it is done: an interrupted compilation goes on from its last file.
setup_compile_mmcv() {
  local work=$SETUP_LOGS/mmcv source=$SETUP_LOGS/mmcv/mmcv-$MMCV_VERSION
  mkdir -p "$work"
  if [ ! -f "$work/unpacked" ]; then
    "${PIP[@]}" download --no-deps --no-build-isolation --no-binary mmcv -d "$work" "mmcv==$MMCV_VERSION" &&
      tar -xzf "$work/mmcv-$MMCV_VERSION.tar.gz" -C "$work" && touch "$work/unpacked" || return 1
  fi
  # Without nvcc the CUDA ops cannot be compiled; mmcv tries to wherever torch sees a GPU. The models here need none of them.
  [ -n "${CUDA_HOME:-}" ] || command -v nvcc >/dev/null || export CUDA_VISIBLE_DEVICES=''
  MAX_JOBS=${MAX_JOBS:-$(setup_jobs)} "${PIP[@]}" wheel -v --no-deps --no-build-isolation --no-cache-dir -w "$work" "$source" &&
    "${PIP[@]}" install --no-deps --force-reinstall "$work"/mmcv-"$MMCV_VERSION"-*.whl && rm -rf "$work"
}

setup_has_ops() { "$PYTHON" -c 'import mmcv.ops'; }

# A wheel that pip finds (--only-binary keeps pip from taking one that it built itself, perhaps against another torch), if its
# ops load; otherwise the source release.
setup_mmcv() {
  "$PYTHON" -c "import sys, mmcv, mmcv.ops; sys.exit(mmcv.__version__ != '$MMCV_VERSION')" 2>/dev/null && return
  local log=$SETUP_LOGS/mmcv-wheel.log
  if "${PIP[@]}" install -q --no-deps --force-reinstall --only-binary mmcv "mmcv==$MMCV_VERSION" >"$log" 2>&1; then
    setup_has_ops 2>>"$log" && { setup_say "mmcv $MMCV_VERSION: a prebuilt wheel was found"; return; }
    setup_say "the prebuilt wheel of mmcv does not fit this torch"
  fi
  setup_step 'looking for a compiler' \
    'Install a C++ compiler and the headers of Python (Debian, Ubuntu: apt-get install g++ python3-dev).' \
    setup_check_compiler || return 1
  setup_say "compiling mmcv $MMCV_VERSION from its source release: about 9 minutes on two cores, once"
  MMCV_WITH_OPS=1 setup_step 'compiling mmcv' \
    'Look for the first "error:" in the log. Short of memory: set MAX_JOBS=1. For the CPU alone: set CUDA_VISIBLE_DEVICES to nothing.' \
    setup_compile_mmcv &&
    setup_step 'loading the ops of mmcv' 'Remove what is left of other versions: pip uninstall mmcv mmcv-lite mmcv-full.' setup_has_ops
}

setup_install() {
  local registry='See that pip reaches a package registry (PIP_INDEX_URL, PIP_FIND_LINKS, proxy).'
  if [ -n "${MMMASKATTN_TORCH:-}" ] || [ -z "$(setup_prefix_with_torch "$PYTHON")" ]; then
    setup_step "$TORCH_REQUIREMENT" "$registry Another version: MMMASKATTN_TORCH=\"torch==...\"." \
      "${PIP[@]}" install "$TORCH_REQUIREMENT" || return 1
  fi
  # After torch, which brings a newer setuptools than mmcv and mmengine can use.
  setup_step 'tools for building' "$registry" "${PIP[@]}" install "${BUILD_REQUIREMENTS[@]}" || return 1
  setup_step 'mmengine, mmseg, mmdet' "$registry" "${PIP[@]}" install "${HOST_REQUIREMENTS[@]}" || return 1
  setup_mmcv || return 1
  setup_step 'mmmaskattn' "$registry" "${PIP[@]}" install --no-build-isolation -e "$MMMASKATTN_ROOT/runtime" -e "$MMMASKATTN_ROOT[tests]"
}

setup_environment() {
  local active
  active=$(setup_prefix_with_torch python)
  SETUP_PREFIX=${active:-$MMMASKATTN_ROOT/.venv}
  SETUP_LOGS=$SETUP_PREFIX/mmmaskattn-setup
  if [ ! -f "$SETUP_LOGS/done" ] && ! "$SETUP_PREFIX/bin/python" -m pip --version >/dev/null 2>&1; then
    SETUP_LOGS=$(mktemp -d)
    setup_step 'making .venv' "Install Python >= $OLDEST_PYTHON with its venv module (Debian, Ubuntu: apt-get install python3-venv), or set PYTHON." \
      setup_make_venv "$SETUP_PREFIX" || return 1
    SETUP_LOGS=$SETUP_PREFIX/mmmaskattn-setup
  fi
  PYTHON=$SETUP_PREFIX/bin/python
  export PYTHON PATH="$SETUP_PREFIX/bin:$PATH"
  [ -n "$active" ] || export VIRTUAL_ENV=$SETUP_PREFIX
  PIP=(env PIP_PROGRESS_BAR=off "$PYTHON" -m pip --disable-pip-version-check --no-input)
  mkdir -p "$SETUP_LOGS"
  if [ "$(cat "$SETUP_LOGS/done" 2>/dev/null)" != "$(setup_fingerprint)" ]; then
    setup_say "into $SETUP_PREFIX"
    setup_install || return 1
    setup_fingerprint >"$SETUP_LOGS/done"
  fi
}

# One set-up at a time: the folder of the checkout is the lock, where there is flock.
setup_locked() {
  if ! command -v flock >/dev/null; then setup_environment; return; fi
  exec 9<"$MMMASKATTN_ROOT"
  flock -n 9 || { setup_say 'waiting for another set-up of this checkout'; flock 9; }
  local status=0
  setup_environment || status=$?
  exec 9<&-
  return "$status"
}

setup_locked || exit 1
