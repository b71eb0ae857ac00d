"""What the handlers of the API are made of."""

import msgspec

from tiphys.delivery.actions import ResourceActions
from tiphys.delivery.clock import Clock
from tiphys.delivery.clusters import Clusters
from tiphys.delivery.compare import Comparer
from tiphys.delivery.installation import Installation
from tiphys.delivery.read_model import HeldModel
from tiphys.delivery.repositories import Repositories
from tiphys.delivery.stored_applications import Applications
from tiphys.delivery.targets import TargetLoader
from tiphys.kube.client import KubeClient
from tiphys.kube.events import EventRecorder
from tiphys.server.application_feed import ApplicationFeed
from tiphys.server.application_rows import EncodedApplications
from tiphys.server.call import Access
from tiphys.server.sessions.room import LoginRoom
from tiphys.sources.sources import Sources
from tiphys.telemetry.metrics import Metrics


class ApiContext(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that handlers use; each is shared by all requests.

    Attributes:
        login: what sessions, accounts and settings are answered from.
        home: the cluster that the installation is in.
        applications: writes to Applications, in the server's name.
    """

    access: Access
    login: LoginRoom
    metrics: Metrics
    installation: Installation
    model: HeldModel
    clusters: Clusters
    home: KubeClient
    applications: Applications
    targets: TargetLoader
    comparer: Comparer
    sources: Sources
    repositories: Repositories
    actions: ResourceActions
    events: EventRecorder
    clock: Clock
    encoded: EncodedApplications
    feed: ApplicationFeed
