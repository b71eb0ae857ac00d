"""What every step on an Application needs, and what is remembered of one between looks."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from tiphys.controller.application.draft import Room, Unwritten
from tiphys.controller.application.pacing import Pace
from tiphys.controller.application.refresh_level import Looked, RefreshLevel
from tiphys.controller.application.underway import Underway
from tiphys.delivery.clock import Clock
from tiphys.delivery.clusters import Clusters
from tiphys.delivery.compare import Compared, Comparer
from tiphys.delivery.findings import Findings
from tiphys.delivery.installation import Installation
from tiphys.delivery.targets import TargetLoader
from tiphys.engine.ignoring import IgnoreRule
from tiphys.engine.sync.machine import Step
from tiphys.engine.sync.options import SyncOptions
from tiphys.engine.sync.records import Records
from tiphys.engine.sync.tasks import SyncTask
from tiphys.kube.client import KubeClient
from tiphys.kube.events import EventRecorder
from tiphys.model.application import Application
from tiphys.model.keys import Manifest
from tiphys.model.operation import ResourceResult
from tiphys.telemetry.metrics import Metrics


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that the controller is made of.

    Attributes:
        findings: where others read what looks found.
        home: the cluster that the Applications themselves are in.
        jitter: returns a random share of one, for spreading periodic looks.
    """

    installation: Installation
    clusters: Clusters
    targets: TargetLoader
    comparer: Comparer
    findings: Findings
    home: KubeClient
    events: EventRecorder
    clock: Clock
    jitter: Callable[[], float]
    metrics: Metrics


class RunningSync(msgspec.Struct, kw_only=True):
    """A sync under way: its tasks, built once from one comparison.

    Attributes:
        attempt: start of the operation and number of retries: tells one attempt from another.
        options: the Application's and the operation's.
        rules: the ignored differences to respect; empty when they are not.
        records: all results so far; the status may have room for some of them only.
        untried: by task, why it could not be tried before it is carried out.
        step: the step whose actions are under way.
        pauses: the pause between two waves is under way.
    """

    attempt: tuple[str, int]
    compared: Compared
    tasks: tuple[SyncTask, ...]
    options: SyncOptions
    rules: tuple[IgnoreRule, ...] = ()
    records: Records = {}
    untried: dict[object, str] = {}
    step: Step | None = None
    pauses: bool = False


class Memory(msgspec.Struct, kw_only=True):
    """What this process knows of one Application; losing it costs a fresh look, nothing else.

    Attributes:
        underway: work on it that goes on beside the workers.
        comparing: the level of the comparison that is under way, NONE when none is.
        stops_since: when its operation was asked to stop.
        failing_since: when its sources stopped answering, None while they do.
        is_cut_off: the cluster did not answer all that was asked of it.
        waits_since: when its sync began to wait for a cluster that does not answer.
        makes_way_for: the newer revisions that end the sync that is being retried.
        pace: how fast its status is written.
        unwritten: how far an operation came that could not be written; it is not done again.
        room: what the Application may take.
        read: what a large Application was decoded from, and what came out.
        results: all results of the last sync.
    """

    underway: Underway
    asked: RefreshLevel = RefreshLevel.LATEST
    comparing: RefreshLevel = RefreshLevel.NONE
    stops_since: datetime | None = None
    looked: Looked | None = None
    compared: Compared | None = None
    sync: RunningSync | None = None
    failing_since: datetime | None = None
    is_cut_off: bool = False
    waits_since: datetime | None = None
    makes_way_for: str = ""
    pace: Pace = msgspec.field(default_factory=Pace)
    unwritten: Unwritten | None = None
    room: Room = msgspec.field(default_factory=Room)
    read: tuple[Manifest, Application] | None = None
    results: tuple[ResourceResult, ...] = ()
