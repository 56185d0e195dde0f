#!/usr/bin/env bash
# Make .venv with Python 3.11, pinned packages and this project (editable). Safe to repeat.
#   PYTHON=       a Python 3.11, if it is not found as python3.11 or python3
#   TORCH_INDEX=  package index to take torch from, where the configured ones have no CPU wheel
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VENV=.venv
readonly LIBRARIES=(libusb-1.0.so.0 libGL.so.1 libgomp.so.1) # Open3D links them, its wheel lacks them
readonly PACKAGES=(libusb-1.0-0 libgl1 libgomp1)

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

is_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

find_python() {
    local candidates=(python3.11 python3) candidate
    if [[ -n ${PYTHON:-} ]]; then candidates=("$PYTHON"); fi
    for candidate in "${candidates[@]}"; do
        if is_311 "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 is needed and none of ${candidates[*]} is one (pybullet has no wheel" \
        "beyond 3.11); get it: apt-get install python3.11 python3.11-venv, or give one:" \
        "make PYTHON=/path/to/python3.11"
}

is_missing() { ! "$1" -c "import ctypes; ctypes.CDLL('$2')" 2>/dev/null; }

install_libraries() {
    local python=$1 missing=() root=() i
    [[ $(uname -s) == Linux ]] || return 0
    for i in "${!LIBRARIES[@]}"; do
        if is_missing "$python" "${LIBRARIES[i]}"; then missing+=("${PACKAGES[i]}"); fi
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then root=(sudo -n); fi
    if ! command -v apt-get >/dev/null || ! "${root[@]}" true 2>/dev/null; then
        fail "system libraries are missing; run this, then repeat:" \
            "sudo apt-get update && sudo apt-get install -y ${missing[*]}"
    fi
    say "installing system libraries: ${missing[*]}"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

create_venv() {
    local python=$1
    if is_311 "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python has no venv module; get it: apt-get install python3.11-venv"
    say "creating $VENV with $("$python" --version)"
    "$python" -m venv --clear "$VENV"
}

pinned() { grep -E "^$1==" constraints.txt; }

pip_install() { "$VENV/bin/python" -m pip install -qq --progress-bar off "$@"; }

# The Linux wheel of torch on the public index brings CUDA, several GB that nothing here needs.
install_torch() {
    local torch log
    torch=$(pinned torch)
    if "$VENV/bin/python" -m pip freeze 2>/dev/null | grep -qE "^$torch(\+|$)"; then return; fi
    if log=$(pip_install --no-deps "$torch+cpu" 2>&1); then return; fi
    if ! grep -q "No matching distribution" <<<"$log"; then fail "torch: $log"; fi
    if [[ -n ${TORCH_INDEX:-} ]]; then
        pip_install --no-deps --index-url "$TORCH_INDEX" "$torch"
    else
        say "no CPU wheel of torch in the configured sources: the public one brings CUDA, several" \
            "GB; to avoid it stop now and give PyTorch's CPU wheel index: make TORCH_INDEX=..."
    fi
}

python=$(find_python)
install_libraries "$python"
create_venv "$python"
say "installing pinned packages (first time: some minutes, 4.5 GB)"
pip_install "$(pinned pip)" "$(pinned setuptools)"
install_torch
pip_install --constraint constraints.txt --build-constraint constraints.txt --editable '.[dev]'
touch "$VENV/.installed"
say "done"
