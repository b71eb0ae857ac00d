"""What goes into a render and what comes out of it."""

from collections.abc import Callable, Mapping

import msgspec

from tiphys.model.errors import InvalidInputError
from tiphys.model.source import ApplicationSource
from tiphys.sources.access import RepositoryAccess

DEFAULT_MEDIA_TYPES = (
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
)
KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class RenderLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What ends a render early; sizes in bytes, of everything that it runs together.

    Attributes:
        output_bytes: of the manifests, and of what a command may print.
        disk_bytes: of the files that it writes, with those that it was given.
    """

    timeout_s: float = 60.0
    memory_bytes: int = 1024 * 1024 * 1024
    output_bytes: int = 100 * 1024 * 1024
    disk_bytes: int = 1024 * 1024 * 1024
    processes: int = 64


class RenderTools(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of the programs that render; "" for one that is not there.

    Attributes:
        kustomize: of the version that a source asks for; kubectl's own otherwise.
        helm_library: Helm runs in process.
    """

    kubectl: str = ""
    helm: str = ""
    kustomize: str = ""
    helm_library: bool = False


class RenderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation says of renders; sizes in bytes, times in seconds.

    Programs and options of kustomize go by the version that a source asks for.

    Attributes:
        max_chart_bytes: of a chart, unpacked.
        max_oci_bytes: of an OCI artifact, unpacked.
        oci_media_types: of the layers that are unpacked.
        values_file_schemes: of the URLs that may be value files.
        allow_oob_symlinks: do not refuse links that lead out of a repository.
        file_roots: folders of this machine that repositories may lie in.
    """

    kustomize_build_options: str = ""
    kustomize_paths: Mapping[str, str] = {}
    kustomize_version_options: Mapping[str, str] = {}
    helm_enabled: bool = True
    kustomize_enabled: bool = True
    jsonnet_enabled: bool = True
    max_directory_bytes: int = 10 * 1024 * 1024
    max_chart_bytes: int = 1024**3
    max_oci_bytes: int = 1024**3
    oci_media_types: tuple[str, ...] = DEFAULT_MEDIA_TYPES
    values_file_schemes: tuple[str, ...] = ("https", "http")
    submodules_enabled: bool = True
    allow_oob_symlinks: bool = False
    file_roots: tuple[str, ...] = ()
    limits: RenderLimits = RenderLimits()


class RenderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one Application's manifests depend on.

    Attributes:
        revisions: one a source: a resolved revision to use, or None to resolve the source's own.
        resolve_fresh: ask the repository even when it was asked a moment ago.
        is_hard: render anew even when nothing that the render reads has changed.
        access: who we are at a repository.
        permits: whether the Application's project may use what is at an address.
        named: the address of the Helm repository that goes by a name; "" when there is none.
    """

    app_instance: str
    app_name: str
    project: str
    destination_namespace: str
    sources: tuple[ApplicationSource, ...]
    revisions: tuple[str | None, ...]
    kube_version: str
    api_versions: tuple[str, ...]
    access: Callable[[str], RepositoryAccess]
    permits: Callable[[str], bool]
    named: Callable[[str], str]
    settings: RenderSettings = RenderSettings()
    resolve_fresh: bool = False
    is_hard: bool = False

    @property
    def essence(self) -> object:
        """What decides what the render gives, beside the files; equal requests give the same."""
        return (
            self.app_instance,
            self.app_name,
            self.project,
            self.destination_namespace,
            self.sources,
            self.revisions,
            self.kube_version,
            self.api_versions,
            self.settings,
        )


class RenderedManifest(msgspec.Struct, frozen=True):
    """One object as a source gives it: JSON, and a digest of that."""

    body: bytes
    digest: str


class RenderedSource(msgspec.Struct, frozen=True, kw_only=True):
    """What one source gives at one revision.

    Attributes:
        source_type: "" for one that only lends files.
        is_pinned: the request and the commit alone decide what it gives: it reads nothing that
            lies elsewhere and may change there.
    """

    revision: str
    source_type: str
    manifests: tuple[RenderedManifest, ...]
    is_pinned: bool = False


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """Commands that render what other tools cannot.

    Attributes:
        reads: files and folders that the commands may read, besides the system's programs.
        digest: of the definition and of the programs beside it.
    """

    name: str
    version: str = ""
    init: tuple[str, ...] = ()
    generate: tuple[str, ...]
    file_name: str = ""
    find_glob: str = ""
    find_command: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    digest: str = ""


class RendererOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator says of the renderers of one installation.

    Attributes:
        workers: how many renders run at a time.
        helm_command: run the `helm` command even where Helm's library is installed.
    """

    workers: int = 2
    helm_command: bool = False
    plugins: tuple[Plugin, ...] = ()


class RenderJob(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told; paths are relative to the job's folder.

    Attributes:
        root: where the repository's files lie.
        path: of the source in the repository.
        refs: where the files of each `$ref` lie.
        environment: the build environment, for substitution.
    """

    root: str
    path: str
    source_type: str
    source: ApplicationSource
    refs: Mapping[str, str]
    environment: Mapping[str, str]
    release_name: str
    namespace: str
    kube_version: str
    api_versions: tuple[str, ...]
    kustomize_build_options: str = ""
    jsonnet_enabled: bool = True
    max_directory_bytes: int = 10 * 1024 * 1024
    max_output_bytes: int = 100 * 1024 * 1024
    tools: RenderTools = RenderTools()
    plugin: Plugin | None = None


def contained(path: str, *, where: str = "") -> str:
    """Return a path inside a repository, without `.` and `..`; "" is the root.

    Raises:
        InvalidInputError: it is absolute or leads outside.
    """
    if path.startswith("/"):
        raise InvalidInputError(f"{path}: app path is absolute", where=where)
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise InvalidInputError(f"{path}: app path outside root", where=where)
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
