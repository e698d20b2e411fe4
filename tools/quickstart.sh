#!/usr/bin/env bash
# From nothing to two trained models: set-up, a small drawn data set in COCO's layout, a semantic and a panoptic training in two
# processes, tests, pictures. Under three minutes after the set-up, on two cores. Run it again as often as you like: results of earlier
# runs stay.
#
#   QUICKSTART_DIR      where data and results go     (default: .quickstart in the root of the checkout)
#   QUICKSTART_EPOCHS   how long the semantic model trains, the panoptic one half as long again (default: 6)
#
# The variables of the set-up: see tools/setup_env.sh.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"

FOLDER=$(mkdir -p "${QUICKSTART_DIR:-$MMMASKATTN_ROOT/.quickstart}" && cd "${QUICKSTART_DIR:-$MMMASKATTN_ROOT/.quickstart}" && pwd)
declare -A EPOCHS
EPOCHS[semantic]=${QUICKSTART_EPOCHS:-6}
EPOCHS[panoptic]=$(((3 * EPOCHS[semantic] + 1) / 2)) # instances take longer to learn
RUN=$FOLDER/run_$(date +%Y%m%d_%H%M%S)
export COCO_ROOT=$FOLDER/coco_mini
# What the paper's recipe is shortened by: few epochs, small batches, so that there are enough steps, and no validation before the test.
SHORTENED=(train_cfg.val_interval=1000 train_dataloader.batch_size=2
  train_dataloader.num_workers=1 val_dataloader.num_workers=1 test_dataloader.num_workers=1
  optim_wrapper.optimizer.lr=2e-3 default_hooks.logger.interval=8)

say() { printf '\n[quickstart] %s\n' "$*"; }

# explain STEP: called when a step has failed; its own output stands above.
explain() {
  say "FAILED: $1. The reason stands above. \`$PYTHON -m mmmaskattn\` shows what is installed; run again to start over from here." >&2
  exit 1
}

# config_of TASK: the config of the smallest model.
config_of() { printf '%s/configs/maskattn/coco_%s_128_tiny.py' "$MMMASKATTN_ROOT" "$1"; }

# checkpoint TASK: what its training leaves.
checkpoint() { printf '%s/%s/epoch_%s.pth' "$RUN" "$1" "${EPOCHS[$1]}"; }

# train TASK [SETTING...]: in two processes.
train() {
  bash "$MMMASKATTN_ROOT/tools/dist_train.sh" "$(config_of "$1")" 2 --work-dir "$RUN/$1" --cfg-options "${SHORTENED[@]}" \
    train_cfg.max_epochs="${EPOCHS[$1]}" default_hooks.checkpoint.interval="${EPOCHS[$1]}" "${@:2}" ||
    explain "training, $1"
}

# test_and_draw TASK [SETTING...]: into the folders test and pictures of its run.
test_and_draw() {
  "$PYTHON" "$MMMASKATTN_ROOT/tools/test.py" "$(config_of "$1")" "$(checkpoint "$1")" --work-dir "$RUN/$1/test" \
    --show-dir "$RUN/$1/pictures" --cfg-options test_dataloader.num_workers=1 "${@:2}" || explain "testing, $1"
}

# What answering the most frequent class of the truth everywhere would score, as pixel accuracy in percent.
majority() {
  "$PYTHON" - "$COCO_ROOT/annotations/panoptic_val2017.json" <<'PYTHON'
import collections, json, sys
area = collections.Counter()
for image in json.load(open(sys.argv[1]))['annotations']:
    for segment in image['segments_info']:
        area[segment['category_id']] += segment['area']
print(f'{100 * max(area.values()) / sum(area.values()):.2f}')
PYTHON
}

# metrics TASK NAME...: those of its test, with two decimals.
metrics() {
  "$PYTHON" - "$RUN/$1"/test/test_*.json "${@:2}" <<'PYTHON'
import json, sys
found = json.load(open(sys.argv[1]))
print('  '.join(f'{name} {found["lowres/" + name]:.2f}' for name in sys.argv[2:]))
PYTHON
}

# picture TASK: one of its pictures.
picture() {
  local found
  found=$(find "$RUN/$1/pictures" -name '*.png' 2>/dev/null | sort | head -n 1)
  [ -n "$found" ] || explain "drawing, $1: no picture was written"
  printf '%s' "$found"
}

say "1/4 draw a small data set into $COCO_ROOT"
"$PYTHON" "$MMMASKATTN_ROOT/tools/data/make_mini.py" coco "$COCO_ROOT" --train 32 --val 8 || explain 'drawing the data set'

say "2/4 semantic: train for ${EPOCHS[semantic]} epochs in two processes, test, draw"
train semantic
test_and_draw semantic

say "3/4 panoptic, from the semantic weights: train for ${EPOCHS[panoptic]} epochs in two processes, test, draw"
train panoptic load_from="$(checkpoint semantic)"
# After so few steps what is found has low scores.
echo 'tested with objects of low scores, too, so PQ is another than in training'
test_and_draw panoptic model.test_cfg.panoptic.score_threshold=0.02 default_hooks.visualization.score_thr=0.02

SEMANTIC_PICTURE=$(picture semantic)
PANOPTIC_PICTURE=$(picture panoptic)
say "4/4 done in $SECONDS s
  data          $COCO_ROOT
  semantic      $(metrics semantic aAcc mIoU)
                (pixel accuracy aAcc of always answering the most frequent class: $(majority))
                $(checkpoint semantic)
                $SEMANTIC_PICTURE
  panoptic      $(metrics panoptic PQ AP mIoU)
                $(checkpoint panoptic)
                $PANOPTIC_PICTURE
  pictures      image, truth and prediction side by side, all in the folders of these two
  next          your own data: COCO_ROOT=/path/to/coco tools/dist_train.sh configs/maskattn/coco_panoptic_128.py 2"
