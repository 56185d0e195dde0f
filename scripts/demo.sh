#!/usr/bin/env bash
# The main job: record one demonstration in simulation, then do the task on a new placement.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly BIN=.venv/bin OUT=demo

rm -rf "$OUT"
"$BIN/mt3-record" task="pick up the mug" seed=0 library="$OUT/library"
"$BIN/mt3-run" task="pick up the red mug" seed=1 library="$OUT/library" trials="$OUT/trials"
printf 'picture: %s\n' "$OUT"/trials/*.png
