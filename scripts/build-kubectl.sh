#!/usr/bin/env bash
# Builds the older kubectl of the contract suite into a cache folder; quick when it is there.
# No package registry serves one two minor versions back, so it is compiled from its module.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(.venv/bin/python -m tests.real.old_kubectl)
[ -x "$target" ] && exit 0
command -v go >/dev/null || { echo "Go is not on the PATH" >&2; exit 3; }
mkdir -p "$(dirname "$target")"
cd tests/real/kubectl
release=$(go list -m -f '{{.Version}}' k8s.io/kubectl)
minor=${release#v0.}
stamp="-X k8s.io/component-base/version.gitVersion=v1.${release#v0.}"
stamp="$stamp -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=${minor%%.*}"
nice -n 10 go build -p 2 -trimpath -ldflags "-s -w $stamp" -o "$target.new" .
mv "$target.new" "$target"
