"""Packs a root file system into an OCI archive of one layer, the same bytes for the same files.

    oci_archive.py ROOT OUT.tar [NAME:TAG ENTRYPOINT]    tiphys itself where nothing is named

`ctr images import`, `podman load` and `docker load` take it. Source: OCI Image Format
Specification, "Image Layout".
"""

import gzip
import hashlib
import io
import json
import platform
import stat
import sys
import tarfile
from pathlib import Path
from typing import Any

TIPHYS = ("docker.io/library/tiphys:0.1.0", "tiphys")
_TYPE = "application/vnd.oci.image"
_ENVIRONMENT = [
    "PATH=/opt/tiphys/bin:/usr/local/bin:/usr/bin:/bin",
    "HOME=/var/cache/tiphys",
    "PYTHONDONTWRITEBYTECODE=1",
]
_OF_TIPHYS = {
    "Cmd": ["--help"],
    "WorkingDir": "/var/cache/tiphys",
    "ExposedPorts": {"8080/tcp": {}},
}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_LEFT_OUT = ("dev/", "proc/", "sys/", "run/", "tmp/")


class Blobs:
    """The content of an archive by digest."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def add(self, media_type: str, data: bytes) -> dict[str, Any]:
        """Add a blob and return what refers to it."""
        digest = hashlib.sha256(data).hexdigest()
        add_file(self._archive, f"blobs/sha256/{digest}", data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def add_json(self, media_type: str, content: Any) -> dict[str, Any]:
        return self.add(media_type, json.dumps(content, sort_keys=True).encode())


def add_file(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def layer_of(root: Path) -> bytes:
    """Return the files as a tar, sorted, without times; what a container mounts over is empty."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            if name.startswith(_LEFT_OUT) or stat.S_ISSOCK(path.lstat().st_mode):
                continue
            entry = archive.gettarinfo(path, name)
            entry.mtime, entry.uname, entry.gname = 0, "", ""
            with path.open("rb") if entry.isreg() else io.BytesIO() as content:
                archive.addfile(entry, content)
    return packed.getvalue()


def main() -> None:
    root, out = Path(sys.argv[1]), Path(sys.argv[2])
    name, entrypoint = sys.argv[3:5] or TIPHYS
    layer = layer_of(root)
    target = {"architecture": _ARCHITECTURES[platform.machine()], "os": "linux"}
    config = {
        **target,
        "config": {
            "User": "10001:10001",
            "Env": _ENVIRONMENT,
            "Entrypoint": [entrypoint],
            **(_OF_TIPHYS if entrypoint == "tiphys" else {}),
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"],
        },
    }
    with tarfile.open(out, "w") as archive:
        add_file(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        blobs = Blobs(archive)
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{_TYPE}.manifest.v1+json",
            "config": blobs.add_json(f"{_TYPE}.config.v1+json", config),
            "layers": [
                blobs.add(
                    f"{_TYPE}.layer.v1.tar+gzip", gzip.compress(layer, compresslevel=6, mtime=0)
                )
            ],
        }
        described = blobs.add_json(f"{_TYPE}.manifest.v1+json", manifest)
        described["platform"] = target
        described["annotations"] = {
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": name.rpartition(":")[2],
        }
        index = {
            "schemaVersion": 2,
            "mediaType": f"{_TYPE}.index.v1+json",
            "manifests": [described],
        }
        add_file(archive, "index.json", json.dumps(index).encode())


if __name__ == "__main__":
    main()
