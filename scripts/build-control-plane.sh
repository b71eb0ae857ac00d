#!/usr/bin/env bash
# Builds the real control plane into a cache folder outside the tree; quick when it is there.
# Exit status 3: it cannot be built here, the reason is on stderr.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(.venv/bin/python -c 'from tests.real.harness import binaries_folder; print(binaries_folder())')
if [ -x "$folder/kube-apiserver" ] && [ -x "$folder/etcd" ] && [ -x "$folder/kube-controller-manager" ]; then
    exit 0
fi
command -v go >/dev/null || { echo "Go is not on the PATH" >&2; exit 3; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd tests/real/controlplane
release=$(go list -m -f '{{.Version}}' k8s.io/kubernetes) || { echo "the Go module proxy does not answer" >&2; exit 3; }
minor=${release#v1.}
stamp="-X k8s.io/component-base/version.gitVersion=$release -X k8s.io/component-base/version.gitMajor=1"
stamp="$stamp -X k8s.io/component-base/version.gitMinor=${minor%%.*} -X k8s.io/component-base/version.gitTreeState=clean"
nice -n 10 go build -p 2 -trimpath -ldflags "-s -w $stamp" -o "$scratch/" ./cmd/... ||
    { echo "go build failed" >&2; exit 3; }
mkdir -p "$(dirname "$folder")"
rm -rf "$folder" && mkdir "$folder" && mv "$scratch"/* "$folder/"
