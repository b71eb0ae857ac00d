#!/usr/bin/env bash
# Runs the tests that need a real node, or says why not: tiphys installed from its image and its
# manifests, with real containers. TIPHYS_REQUIRE_NODE=1 makes a missing node a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
skip() { echo "SKIPPED: no real node: $1"; [ "${TIPHYS_REQUIRE_NODE:-}" != 1 ]; exit; }
[ "$(id -u)" = 0 ] || skip "only root can make one"
for program in containerd ctr runc iptables conntrack ip mmdebstrap; do
    command -v "$program" >/dev/null ||
        skip "$program is not on the PATH (Debian: containerd runc containernetworking-plugins iptables conntrack iproute2 mmdebstrap)"
done
[ -x /usr/lib/cni/bridge ] || skip "the network plugins are not in /usr/lib/cni (Debian: containernetworking-plugins)"
[ -x /bin/busybox ] || skip "busybox is not there (Debian: busybox-static)"
reason=$(scripts/build-control-plane.sh 2>&1) || skip "${reason##*$'\n'}"
reason=$(scripts/build-node.sh 2>&1) || skip "${reason##*$'\n'}"
image=build/tiphys-image.tar
[ -f "$image" ] || TIPHYS_REQUIRE_IMAGE=1 scripts/image.sh "$image"

work=$(mktemp -d)
clear_up() {
    rm -rf "$work"
    .venv/bin/python -c 'from tests.real.node import clear_control_groups; clear_control_groups()'
}
trap clear_up EXIT
folder=$(.venv/bin/python -c 'from tests.real.node import binaries_folder; print(binaries_folder())')
mkdir -p "$work"/pause "$work"/web/bin "$work"/web/www "$work"/web/tmp
cp "$folder/pause" "$work/pause/pause"
cp /bin/busybox "$work/web/bin/busybox"
for applet in sh httpd cat echo sleep wget; do ln "$work/web/bin/busybox" "$work/web/bin/$applet"; done
.venv/bin/python scripts/oci_archive.py "$work/pause" "$work/pause.tar" registry.test/pause:1 /pause
.venv/bin/python scripts/oci_archive.py "$work/web" "$work/web.tar" registry.test/web:1 /bin/sh
# What is mounted below it goes with the namespaces, so it can be deleted afterwards.
TMPDIR=$work unshare --fork --pid --mount-proc --mount --net --uts --ipc --kill-child \
    .venv/bin/python -m tests.real.node "$work/pause.tar" "$work/web.tar" "$image" -- \
    .venv/bin/pytest -q -p no:randomly tests/node "$@"
