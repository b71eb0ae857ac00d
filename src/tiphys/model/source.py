"""Where an Application's manifests come from: `spec.source` and its tools."""

from typing import Any

import msgspec


def written() -> str:
    """Return an empty text that is written all the same: the schema of the resource requires it."""
    return ""


class Record(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A frozen record whose wire names are the field names in camel case."""


class HelmParameter(Record, frozen=True):
    """One `--set`; `force_string` makes it a `--set-string`."""

    name: str = ""
    value: str = ""
    force_string: bool = False


class HelmFileParameter(Record, frozen=True):
    """One `--set-file`."""

    name: str = ""
    path: str = ""


class HelmSource(Record, frozen=True):
    """How a chart is rendered."""

    value_files: tuple[str, ...] = ()
    parameters: tuple[HelmParameter, ...] = ()
    release_name: str = ""
    values: str = ""
    values_object: dict[str, Any] | None = None
    file_parameters: tuple[HelmFileParameter, ...] = ()
    version: str = ""
    pass_credentials: bool = False
    ignore_missing_value_files: bool = False
    skip_crds: bool = False
    namespace: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    skip_tests: bool = False
    skip_schema_validation: bool = False


class KustomizeReplica(Record, frozen=True):
    """A replica count for the workload of a name; the count may be a numeric string."""

    name: str
    count: int | str


class KustomizeTarget(Record, frozen=True):
    """Which resources a kustomize patch is for."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    annotation_selector: str = ""
    label_selector: str = ""


class KustomizePatch(Record, frozen=True):
    """One entry of kustomize's `patches`."""

    path: str = ""
    patch: str = ""
    target: KustomizeTarget | None = None
    options: dict[str, bool] = {}


class KustomizeSource(Record, frozen=True):
    """What is changed in a kustomization before it is built."""

    name_prefix: str = ""
    name_suffix: str = ""
    images: tuple[str, ...] = ()
    common_labels: dict[str, str] = {}
    version: str = ""
    common_annotations: dict[str, str] = {}
    force_common_labels: bool = False
    force_common_annotations: bool = False
    namespace: str = ""
    common_annotations_envsubst: bool = False
    replicas: tuple[KustomizeReplica, ...] = ()
    patches: tuple[KustomizePatch, ...] = ()
    components: tuple[str, ...] = ()
    ignore_missing_components: bool = False
    label_without_selector: bool = False
    label_include_templates: bool = False
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


class JsonnetVar(Record, frozen=True):
    """An external variable or top-level argument; `code` makes the value an expression."""

    name: str
    value: str = msgspec.field(default_factory=written)
    code: bool = False


class JsonnetSource(Record, frozen=True):
    """How `.jsonnet` files of a directory are evaluated."""

    ext_vars: tuple[JsonnetVar, ...] = ()
    tlas: tuple[JsonnetVar, ...] = ()
    libs: tuple[str, ...] = ()


class DirectorySource(Record, frozen=True):
    """Which files of a plain directory are read."""

    recurse: bool = False
    jsonnet: JsonnetSource = JsonnetSource()
    exclude: str = ""
    include: str = ""
    disable_extension_filter: bool = False


class EnvEntry(Record, frozen=True):
    """One environment variable of a plugin."""

    name: str
    value: str = msgspec.field(default_factory=written)


class PluginParameter(Record, frozen=True):
    """One parameter of a plugin; exactly one of the values is set."""

    name: str = ""
    string: str | None = None
    map: dict[str, str] | None = None
    array: tuple[str, ...] | None = None


class PluginSource(Record, frozen=True):
    """Which plugin renders a source, and with what."""

    name: str = ""
    env: tuple[EnvEntry, ...] = ()
    parameters: tuple[PluginParameter, ...] = ()


class ApplicationSource(Record, frozen=True):
    """One place where manifests come from.

    A chart of a Helm repository when `chart` is set, an OCI artifact when `repo_url` begins with
    "oci://", only a name for other sources when `ref` is set without `path`; otherwise Git.
    """

    repo_url: str = msgspec.field(default_factory=written, name="repoURL")
    path: str = ""
    target_revision: str = ""
    chart: str = ""
    ref: str = ""
    name: str = ""
    tag_prefix: str = ""
    helm: HelmSource | None = None
    kustomize: KustomizeSource | None = None
    directory: DirectorySource | None = None
    plugin: PluginSource | None = None

    @property
    def is_chart(self) -> bool:
        """True when the source is a chart of a Helm repository."""
        return bool(self.chart)

    @property
    def is_oci(self) -> bool:
        """True when the source is an OCI artifact."""
        return self.repo_url.startswith("oci://")

    @property
    def is_ref_only(self) -> bool:
        """True when the source only lends files to other sources."""
        return bool(self.ref) and not self.path and not self.chart
