#!/usr/bin/env bash
# Builds .venv from the lock files. Usage: setup.sh runtime|dev
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}

fail() { printf 'tiphys: %s\n\nhint: %s\n' "$1" "$2" >&2; exit 1; }

command -v "$PYTHON" >/dev/null || fail "\`$PYTHON\` is not on the PATH" "Install Python 3.11 or newer."
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$PYTHON" --version) is too old, 3.11 is needed" "Run make with PYTHON=/path/to/a/newer/python3."
command -v git >/dev/null || fail "\`git\` is not on the PATH" "Install git 2.30 or newer."

if ! [ -x .venv/bin/uv ]; then
    echo "creating .venv"
    "$PYTHON" -m venv .venv ||
        fail "Python cannot create a virtual environment" "Install the venv module (Debian: python3-venv)."
    .venv/bin/python -m pip install -qq --require-hashes -r requirements/uv.lock ||
        fail "the package registry does not answer" "Check the network, or set PIP_INDEX_URL to a mirror."
fi
lock=requirements/runtime.lock
[ "${1:-runtime}" = dev ] && lock=requirements/dev.lock
echo "installing $lock"
UV_LINK_MODE=${UV_LINK_MODE:-copy} .venv/bin/uv pip install -q --python .venv/bin/python \
    --require-hashes -r "$lock" ||
    fail "the packages of $lock cannot be installed" "Check the network, or set UV_DEFAULT_INDEX to a mirror."
.venv/bin/uv pip install -q --python .venv/bin/python --no-deps -e .
# Each start would compile what it loads anew where the environment forbids Python to keep that.
env -u PYTHONDONTWRITEBYTECODE .venv/bin/python - <<'END'
import importlib, pkgutil, tiphys

for module in pkgutil.walk_packages(tiphys.__path__, "tiphys."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
END
