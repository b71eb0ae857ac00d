#!/usr/bin/env bash
# Writes the lock files: names, versions and hashes, and no registry's address.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
    --no-header --no-emit-index-url "$@"; }
compile pyproject.toml --extra tools -o requirements/runtime.lock
compile pyproject.toml --extra tools --group dev -o requirements/dev.lock
compile --group ui -o requirements/ui.lock
compile --group docs -c requirements/dev.lock -o requirements/docs.lock
echo "uv==$(.venv/bin/uv --version | cut -d" " -f2)" | .venv/bin/uv pip compile -q --universal --python-version 3.11 \
    --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements/uv.lock -
