"""How to reach a cluster, as the files of kubectl say it.

Source: Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files" (merging,
relative paths) and "kubeconfig (v1)" (fields, and which of two fields wins).
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tiphys.kube.config import ClusterConfig, ExecProvider, Impersonation
from tiphys.model.errors import InvalidInputError

_T = TypeVar("_T")
_HINT = "Check it with `kubectl config view`."
_EXEC_EXTENSION = "client.authentication.k8s.io/exec"
_SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}


class _Entry:
    """A cluster or a user, and the folder that its relative paths start from."""

    def __init__(self, body: dict[str, Any], folder: Path) -> None:
        self.body, self.folder = body, folder

    def text(self, name: str) -> str:
        value = self.body.get(name)
        if value is not None and not isinstance(value, str):
            raise TypeError(f"`{name}` is not a text")
        return value or ""

    def path(self, name: str) -> Path | None:
        return self.folder / self.text(name) if self.text(name) else None

    def pem(self, name: str) -> tuple[str, Path | None]:
        """Return what `NAME-data` holds, else the file NAME and its content."""
        inline = self.text(f"{name}-data")
        if inline:
            return base64.b64decode(inline).decode(), None
        file = self.path(name)
        return (file.read_text(), file) if file else ("", None)


class _Merged:
    """Several kubeconfigs as one: the first file that names something decides all of it."""

    def __init__(self) -> None:
        self.current_context = ""
        self._entries: dict[str, dict[str, _Entry]] = {section: {} for section in _SECTIONS}

    def add(self, document: Mapping[str, Any], folder: Path) -> None:
        self.current_context = self.current_context or document.get("current-context") or ""
        for section, inner in _SECTIONS.items():
            for entry in document.get(section) or ():
                made = _Entry(entry.get(inner) or {}, folder)
                self._entries[section].setdefault(str(entry["name"]), made)

    def find(self, section: str, name: str) -> _Entry:
        named = self._entries[section]
        if name not in named:
            raise KeyError(f"`{name}` is not among the {section} ({', '.join(named) or 'none'})")
        return named[name]


def load_kubeconfig(files: Path | Iterable[Path], context: str = "") -> ClusterConfig:
    """Return what a context says.

    Args:
        files: one file, or several that are merged as kubectl merges those of KUBECONFIG; of
            several, those that do not exist are left out.
        context: the context's name; "" means the current one.

    Raises:
        InvalidInputError: a file cannot be read, or names what none of them holds.
    """
    paths = [files] if isinstance(files, Path) else list(files)
    where = ", ".join(str(path) for path in paths)
    merged = _understood(lambda: _merged(paths), where)
    name = context or merged.current_context
    if not name:
        raise InvalidInputError(
            "no context is the current one", where=where, hint="Name one with --kube-context."
        )

    def chosen() -> ClusterConfig:
        pair = merged.find("contexts", name)
        user = pair.text("user")
        return _config(
            merged.find("clusters", pair.text("cluster")),
            merged.find("users", user) if user else _Entry({}, Path()),
        )

    return _understood(chosen, where).checked(f"{where}: context {name}")


def _merged(paths: list[Path]) -> _Merged:
    present = paths if len(paths) == 1 else [path for path in paths if path.exists()]
    if not present:
        raise FileNotFoundError("none of the files exists")
    merged = _Merged()
    for path in present:
        document = yaml.safe_load(path.read_text()) or {}
        if not isinstance(document, dict):
            raise TypeError(f"{path} is not a mapping")
        merged.add(document, path.parent)
    return merged


def _understood(read: Callable[[], _T], where: str) -> _T:
    # The texts of some errors quote the file, credentials and all; those are not repeated.
    try:
        return read()
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        what = f"line {mark.line + 1} is not YAML" if mark else "it is not YAML"
        cause: Exception = err
    except KeyError as err:
        what, cause = str(err.args[0]), err
    except (OSError, TypeError) as err:
        what, cause = str(err), err
    except AttributeError as err:
        what, cause = "a mapping or a list is expected where something else stands", err
    except ValueError as err:
        what, cause = "a field that ends in -data is not base64 of a text", err
    raise InvalidInputError(
        f"the kubeconfig cannot be used: {what}", where=where, hint=_HINT
    ) from cause


def _config(cluster: _Entry, user: _Entry) -> ClusterConfig:
    if user.body.get("auth-provider"):
        raise TypeError("`auth-provider` was removed from Kubernetes; use an `exec` plugin")
    ca, ca_file = cluster.pem("certificate-authority")
    certificate, certificate_file = user.pem("client-certificate")
    key, key_file = user.pem("client-key")
    token_file = user.path("tokenFile")
    return ClusterConfig(
        server=cluster.text("server").rstrip("/"),
        # Where both are given, the file wins: "kubeconfig (v1)", tokenFile.
        token=token_file.read_text().strip() if token_file else user.text("token"),
        token_file=token_file,
        username=user.text("username"),
        password=user.text("password"),
        ca=ca,
        ca_file=ca_file,
        certificate=certificate,
        certificate_file=certificate_file,
        key=key,
        key_file=key_file,
        insecure=bool(cluster.body.get("insecure-skip-tls-verify")),
        tls_server_name=cluster.text("tls-server-name"),
        proxy_url=cluster.text("proxy-url"),
        compresses=not cluster.body.get("disable-compression"),
        exec_provider=_exec_provider(user, cluster),
        impersonation=_impersonation(user),
    )


def _impersonation(user: _Entry) -> Impersonation:
    extra: dict[str, list[str]] = user.body.get("as-user-extra") or {}
    return Impersonation(
        user=user.text("as"),
        uid=user.text("as-uid"),
        groups=tuple(user.body.get("as-groups") or ()),
        extra={name: tuple(values) for name, values in extra.items()},
    )


def _exec_provider(user: _Entry, cluster: _Entry) -> ExecProvider | None:
    section = user.body.get("exec")
    if not section:
        return None
    if section.get("interactiveMode") == "Always":
        raise TypeError(f"`{section['command']}` wants to ask questions (interactiveMode: Always)")
    command = str(section["command"])
    is_relative = "/" in command and not Path(command).is_absolute()
    extensions = cluster.body.get("extensions") or ()
    return ExecProvider(
        command=str(user.folder / command) if is_relative else command,
        args=tuple(section.get("args") or ()),
        env={entry["name"]: entry["value"] for entry in section.get("env") or ()},
        api_version=section["apiVersion"],
        install_hint=section.get("installHint") or "",
        provides_cluster_info=bool(section.get("provideClusterInfo")),
        cluster_config=next(
            (entry["extension"] for entry in extensions if entry.get("name") == _EXEC_EXTENSION),
            None,
        ),
    )
