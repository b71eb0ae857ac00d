#!/usr/bin/env bash
# Runs tiphys in a root file system as a pod would: another user, a read-only root, no capabilities,
# a network of its own. Usage: try_image.sh ROOT
#
# `tiphys up` starts a cluster and a Git server in it and deploys the demo, so git, Helm, kustomize and
# the jail of renders are all in use. It takes half a minute.
set -euo pipefail
if [ "${2:-}" != inside ]; then
    exec unshare --mount --pid --fork --kill-child --net --uts --ipc "$0" "$1" inside
fi
root=$(realpath "$1")
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o uid=10001,gid=10001 tmpfs "$root/var/cache/tiphys"
mount -o remount,bind,ro "$root"
ip link set lo up

image() {
    chroot "$root" setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set=-all \
        --no-new-privs env -i --chdir=/var/cache/tiphys HOME=/var/cache/tiphys TERM=dumb \
        PATH=/opt/tiphys/bin:/usr/local/bin:/usr/bin:/bin "$@"
}
image helm version --short
image git --version
image sh -c 'kubectl version --client 2>/dev/null | tail -1'
image sh -c '! touch /usr/share/written 2>/dev/null' || { echo "the root can be written" >&2; exit 1; }
# What a pod waits for after its image is there: the program's start.
start=$(date +%s%N)
image tiphys --version
printf 'tiphys --version: %d ms\n' $((($(date +%s%N) - start) / 1000000))
image tiphys up || { image sh -c 'tail -n 40 .tiphys/logs/*.log' >&2; exit 1; }
image kubectl --kubeconfig .tiphys/kubeconfig get applications -n argocd
image kubectl --kubeconfig .tiphys/kubeconfig get applications -n argocd \
    -o 'jsonpath={range .items[*]}{.metadata.name} {.status.sync.status}{"\n"}{end}' |
    awk '$2 == "Synced" {n++} END {exit n < 3}' || { echo "the demo was not deployed" >&2; exit 1; }
image tiphys down
