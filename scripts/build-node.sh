#!/usr/bin/env bash
# Builds kubelet, scheduler, proxy and pause beside the real control plane; quick when they are there.
# Exit status 3: they cannot be built here, the reason is on stderr.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(.venv/bin/python -c 'from tests.real.node import binaries_folder; print(binaries_folder())')
[ -x "$folder/kubelet" ] && exit 0
command -v go >/dev/null || { echo "Go is not on the PATH" >&2; exit 3; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd tests/real/controlplane
release=$(go list -m -f '{{.Version}}' k8s.io/kubernetes) || { echo "the Go module proxy does not answer" >&2; exit 3; }
minor=${release#v1.}
stamp="-X k8s.io/component-base/version.gitVersion=$release -X k8s.io/component-base/version.gitMajor=1"
stamp="$stamp -X k8s.io/component-base/version.gitMinor=${minor%%.*} -X k8s.io/component-base/version.gitTreeState=clean"
nice -n 10 go build -p 2 -trimpath -ldflags "-s -w $stamp" -o "$scratch/" \
    ./node/kubelet ./node/kube-scheduler ./node/kube-proxy || { echo "go build failed" >&2; exit 3; }
# The one program of its image, so it must not need a library.
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$scratch/" ./node/pause
mkdir -p "$(dirname "$folder")"
rm -rf "$folder" && mkdir "$folder" && mv "$scratch"/* "$folder/"
