"""Records of the API's answers that no other room has, for its document and for clients."""

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
