#!/usr/bin/env bash
# Build the page with the models that come with the package: web/build.sh [FOLDER], by default web/dist.
# Needs Node 18 or newer with npm, and mmmaskattn installed (PYTHON names its Python). Models that are there are kept.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TARGET=$(realpath -m "${1:-$HERE/dist}")
PYTHON=${PYTHON:-$([ -x "$HERE/../.venv/bin/python" ] && echo "$HERE/../.venv/bin/python" || echo python3)}
command -v npm > /dev/null || { echo 'web/build.sh: there is no npm; install Node 18 or newer, for example: apt-get install nodejs npm' >&2; exit 1; }
(cd "$HERE" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
mkdir -p "$TARGET/models" "$TARGET/ort"
# The npm package has no notices of what is compiled into it; the Python package of the same project has.
NOTICES=$("$PYTHON" -c 'import onnxruntime, pathlib; print(pathlib.Path(onnxruntime.__file__).with_name("ThirdPartyNotices.txt"))')
if [ -f "$NOTICES" ]; then cp "$NOTICES" "$TARGET/ort/ThirdPartyNotices.txt"; fi
MODELS=$("$PYTHON" -m mmmaskattn models)
while read -r NAME OPTIONS; do
  if [ -f "$TARGET/models/$NAME.onnx" ]; then
    continue
  elif grep -q "^| $NAME " <<< "$MODELS"; then
    "$PYTHON" -m mmmaskattn export "$NAME" --out "$TARGET/models/$NAME.onnx" $OPTIONS < /dev/null
  else
    echo "$NAME is left out: the model index has no weights for it"
  fi
done < <(node -p "require('$HERE/models.json').map((one) => one.name + (one.attention ? ' --attention' : '')).join('\n')")
node "$HERE/build.mjs" "$TARGET"
