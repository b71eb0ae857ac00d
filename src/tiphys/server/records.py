"""Records of the API's answers that no other room has, for its document and for clients."""

from typing import Any

from tiphys.delivery.managed import ManagedResource, ResourceDrift
from tiphys.model.application import Application
from tiphys.model.source import Record


class ListMeta(Record, frozen=True):
    """What a list says of itself.

    Attributes:
        resource_version: for a watch that begins where the list ended.
    """

    resource_version: str = ""


class ApplicationList(Record, frozen=True, omit_defaults=False):
    """Applications, sorted by name."""

    metadata: ListMeta = ListMeta()
    items: tuple[Application, ...] = ()


class ApplicationWatchEvent(Record, frozen=True, omit_defaults=False):
    """A change of an Application: ADDED, MODIFIED or DELETED."""

    type: str
    application: Application


class ManifestAnswer(Record, frozen=True, omit_defaults=False):
    """One object, as JSON in a text."""

    manifest: str


class ManagedResources(Record, frozen=True, omit_defaults=False):
    """What an Application manages."""

    items: tuple[ManagedResource, ...] = ()


class Drifts(Record, frozen=True, omit_defaults=False):
    """The objects of an Application that differ from what Git wants."""

    items: tuple[ResourceDrift, ...] = ()


class EventList(Record, frozen=True, omit_defaults=False):
    """Kubernetes Events, the oldest first."""

    metadata: ListMeta = ListMeta()
    items: tuple[dict[str, Any], ...] = ()


class RevisionMetadata(Record, frozen=True):
    """A commit; the signature is there where the project asks for it.

    Attributes:
        date: RFC 3339.
        tags: that name the commit.
    """

    author: str = ""
    date: str = ""
    tags: tuple[str, ...] = ()
    message: str = ""
    signature_info: str = ""


class ChartDetails(Record, frozen=True):
    """What a Helm chart says of itself."""

    description: str = ""
    maintainers: tuple[str, ...] = ()
    home: str = ""


class WindowRow(Record, frozen=True, omit_defaults=False):
    """A sync window in short."""

    kind: str
    schedule: str
    duration: str
    manual_sync: bool


class SyncWindows(Record, frozen=True, omit_defaults=False):
    """The windows of an Application, and whether it could be synced by hand now."""

    active_windows: tuple[WindowRow, ...] = ()
    assigned_windows: tuple[WindowRow, ...] = ()
    can_sync: bool = True


class ManifestsAnswer(Record, frozen=True, omit_defaults=False):
    """What an Application's sources render to; each manifest is JSON in a text."""

    manifests: tuple[str, ...] = ()
    namespace: str = ""
    server: str = ""
    revision: str = ""
    source_type: str = ""
    commands: tuple[str, ...] = ()
