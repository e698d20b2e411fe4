#!/usr/bin/env bash
# From nothing to a trained model: set-up, a small drawn data set in the ADE20K layout, training in two processes, test, pictures.
# Under 5 minutes after the set-up, on two cores. Run it again as often as you like: results of earlier runs stay.
#
#   QUICKSTART_DIR      where data and results go     (default: .quickstart in the root of the checkout)
#   QUICKSTART_EPOCHS   how long it trains            (default: 12)
#
# The variables of the set-up: see tools/setup_env.sh.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"

CONFIG=$MMMASKATTN_ROOT/configs/maskattn/ade20k_semantic_128.py
FOLDER=$(mkdir -p "${QUICKSTART_DIR:-$MMMASKATTN_ROOT/.quickstart}" && cd "${QUICKSTART_DIR:-$MMMASKATTN_ROOT/.quickstart}" && pwd)
EPOCHS=${QUICKSTART_EPOCHS:-12}
RUN=$FOLDER/run_$(date +%Y%m%d_%H%M%S)
export ADE20K_ROOT=$FOLDER/ade20k_mini
# What the paper's recipe is shortened by; batches are small, so that there are enough steps.
SHORTENED=(train_cfg.max_epochs="$EPOCHS" train_cfg.val_interval="$EPOCHS" train_dataloader.batch_size=2
  train_dataloader.num_workers=1 val_dataloader.num_workers=1 test_dataloader.num_workers=1
  default_hooks.logger.interval=4 default_hooks.checkpoint.interval="$EPOCHS")

say() { printf '\n[quickstart] %s\n' "$*"; }

# explain STEP: called when a step has failed; its own output stands above.
explain() {
  say "FAILED: $1. The reason stands above. \`$PYTHON -m mmmaskattn\` shows what is installed; run again to start over from here." >&2
  exit 1
}

# What answering the most frequent class of the truth everywhere would score, as pixel accuracy in percent.
majority() {
  "$PYTHON" - "$ADE20K_ROOT/annotations/validation" <<'PYTHON'
import pathlib, sys
import cv2, numpy as np
labels = np.concatenate([cv2.imread(str(p), 0).ravel() for p in sorted(pathlib.Path(sys.argv[1]).glob('*.png'))])
count = np.bincount(labels[labels > 0])
print(f'{100 * count.max() / count.sum():.1f}')
PYTHON
}

say "1/4 draw a small data set into $ADE20K_ROOT"
"$PYTHON" "$MMMASKATTN_ROOT/tools/data/make_mini.py" ade20k "$ADE20K_ROOT" --train 32 --val 8 || explain 'drawing the data set'

say "2/4 train $(basename "$CONFIG") for $EPOCHS epochs in two processes"
bash "$MMMASKATTN_ROOT/tools/dist_train.sh" "$CONFIG" 2 --work-dir "$RUN" --cfg-options "${SHORTENED[@]}" || explain 'training'

CHECKPOINT=$RUN/epoch_$EPOCHS.pth
say "3/4 test $CHECKPOINT and draw what it predicts"
"$PYTHON" "$MMMASKATTN_ROOT/tools/test.py" "$CONFIG" "$CHECKPOINT" --work-dir "$RUN/test" --show-dir "$RUN/pictures" \
  --cfg-options test_dataloader.num_workers=1 || explain 'testing'

PICTURE=$(find "$RUN" -name '*.png' | sort | head -n 1)
[ -n "$PICTURE" ] || explain 'drawing: no picture was written'
RESULT=$(find "$RUN/test" -name 'test_*.json' | sort | tail -n 1)
say "4/4 done in $SECONDS s
  data          $ADE20K_ROOT
  checkpoint    $CHECKPOINT
  metrics       $RESULT
$(sed -n 's/^  "\(.*\)": \([0-9]*\.[0-9]\{1,2\}\).*/                \1 \2/p' "$RESULT")
                (pixel accuracy of always answering the most frequent class: $(majority))
  pictures      $(dirname "$PICTURE")   image, truth, prediction side by side
                such as $PICTURE
  next          your own data: ADE20K_ROOT=/path/to/ADEChallengeData2016 tools/dist_train.sh ${CONFIG#"$MMMASKATTN_ROOT/"} 2"
