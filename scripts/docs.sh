#!/usr/bin/env bash
# Builds the documentation into build/site: pages of docs/, and the reference that the code gives.
# A link that leads nowhere, inside of the site, is an error. Search works without a network.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { printf 'tiphys: %s\n\nhint: %s\n' "$1" "$2" >&2; exit 1; }

wanted=$(sha256sum <requirements/docs.lock)
if [ "$(cat .venv/.docs 2>/dev/null)" != "$wanted" ]; then
    echo "installing requirements/docs.lock"
    UV_LINK_MODE=${UV_LINK_MODE:-copy} .venv/bin/uv pip install -q --python .venv/bin/python \
        --require-hashes -r requirements/docs.lock ||
        fail "the site generator cannot be installed" "Check the network, or set UV_DEFAULT_INDEX to a mirror."
    echo "$wanted" >.venv/.docs
fi
source=build/docs
rm -rf "$source" build/site
mkdir -p build
cp -r docs "$source"
.venv/bin/python -m scripts.reference "$source/reference/generated"
.venv/bin/sphinx-build -q -n -W --keep-going -b html -d build/doctrees "$source" build/site
echo "build/site/index.html"
