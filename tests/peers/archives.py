"""Archives as `helm package` and `oras push` make them, and some that nobody should make."""

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping

_TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
data:
  version: "{{ .Chart.Version }}"
  greeting: "{{ .Values.greeting }}"
"""


def chart_files(name: str, version: str, **more: str) -> dict[str, str]:
    """Return the files of a small chart that renders one ConfigMap."""
    return {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n",
        "values.yaml": "greeting: hello\n",
        "templates/map.yaml": _TEMPLATE,
        **more,
    }


def chart_archive(name: str, version: str, **more: str) -> bytes:
    files = chart_files(name, version, **more)
    return tar_gz({f"{name}/{path}": text for path, text in files.items()})


def tar(files: Mapping[str, str], members: Iterable[tarfile.TarInfo] = ()) -> bytes:
    """Return a tar of files, and of members without content such as links."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, text in files.items():
            body = text.encode()
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
        for member in members:
            archive.addfile(member)
    return target.getvalue()


def tar_gz(files: Mapping[str, str], members: Iterable[tarfile.TarInfo] = ()) -> bytes:
    return gzip.compress(tar(files, members), mtime=0)


def link(name: str, goal: str, *, is_hard: bool = False) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.LNKTYPE if is_hard else tarfile.SYMTYPE
    info.linkname = goal
    return info
