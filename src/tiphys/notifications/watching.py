"""Watch rules: tells about objects of any kind in any cluster, as they change.

Only kinds that a rule names are watched. There is nowhere to write a delivery state on objects that
are not ours, so what changed while the process was away is not told, and what could not be
delivered is tried again for as long as the process lives, up to a bound.

Source: ours; the idea is that of kubewatch.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import msgspec

from tiphys.delivery.clusters import Clusters, OpenCluster
from tiphys.engine.globs import matches
from tiphys.engine.notifications.configuration import Configuration, Destination, WatchRule
from tiphys.engine.notifications.evaluation import RETRY_AFTER_S
from tiphys.engine.selectors import parse_selector
from tiphys.kube.informer import Informer
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import NotFoundError, TiphysError
from tiphys.model.keys import GroupKind, GroupVersionKind, Manifest
from tiphys.notifications.channels import Channels, Parcel
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.expressions import evaluator, with_facts
from tiphys.notifications.metrics import NotificationMetrics

log = logging.getLogger(__name__)

_LOOK_S: Final = 5.0
_AGAIN_S: Final = 30.0
_MAX_ATTEMPTS: Final = 6
_MAX_ON_THE_WAY: Final = 1000
_MAX_TOLD: Final = 10_000


class _Watched(msgspec.Struct, frozen=True):
    """One kind in one namespace of one cluster."""

    server: str
    group: str
    version: str
    kind: str
    namespace: str


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one object."""

    event: str
    old: Manifest | None
    new: Manifest | None
    cluster: ClusterRecord

    @property
    def subject(self) -> Manifest:
        """The object as it is, or was last."""
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found

    def variables(self) -> dict[str, Any]:
        """Return what expressions and templates may look at."""
        return {
            "event": self.event,
            "old": self.old,
            "new": self.new,
            "object": self.subject,
            "cluster": {"name": self.cluster.name, "server": self.cluster.server},
        }


def concerns(rule: WatchRule, happening: Happening) -> bool:
    """Return whether a rule is about a change, but for its expression."""
    metadata = happening.subject["metadata"]
    namespaces = rule.namespaces
    return (
        happening.event in rule.events
        and (
            not namespaces
            or any(matches(one, metadata.get("namespace") or "") for one in namespaces)
        )
        and parse_selector(rule.selector)(metadata.get("labels") or {})
    )


def is_in(rule: WatchRule, cluster: ClusterRecord) -> bool:
    """Return whether a rule is about the objects of a cluster."""
    names = (cluster.name, cluster.server)
    return not rule.clusters or any(matches(one, name) for one in rule.clusters for name in names)


class WatchRules:
    """Carries out the watch rules of the central configuration."""

    def __init__(
        self,
        configuration: Callable[[], Configuration],
        clusters: Clusters,
        channels: Channels,
        metrics: NotificationMetrics,
    ) -> None:
        self._configuration, self._clusters = configuration, clusters
        self._channels, self._metrics = channels, metrics
        self._informers: dict[_Watched, Informer] = {}
        self._clients: dict[_Watched, OpenCluster] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening: set[str] = set()
        self._told: OrderedDict[str, None] = OrderedDict()

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            while True:
                await self._follow()
                await asyncio.sleep(_LOOK_S)
        finally:
            for task in self._tasks:
                task.cancel()
            closing = [informer.close() for informer in self._informers.values()]
            await asyncio.gather(*self._tasks, *closing, return_exceptions=True)

    async def _follow(self) -> None:
        """Watch what the rules name now, and nothing else."""
        wanted = self._wanted()
        for watched in list(self._informers):
            if wanted.get(watched) is not self._clients[watched]:
                del self._clients[watched]
                await self._informers.pop(watched).close()
        for watched, cluster in wanted.items():
            if watched not in self._informers:
                await self._start(watched, cluster)

    def _wanted(self) -> dict[_Watched, OpenCluster]:
        wanted: dict[_Watched, OpenCluster] = {}
        opened = {cluster.record.server: cluster for cluster in self._clusters.opened()}
        for rule in self._configuration().watches:
            for record in self._clusters.records:
                if not is_in(rule, record):
                    continue
                if record.server in opened:
                    wanted |= self._watched(rule, opened[record.server])
                elif record.server not in self._opening:
                    self._opening.add(record.server)
                    self._spawn(self._open(record))
        return wanted

    async def _open(self, record: ClusterRecord) -> None:
        """Open a cluster on the side: one that does not answer holds up no other."""
        try:
            await self._clusters.open(record)
        except TiphysError as err:
            fields = {"cluster": record.name, "error": err.line}
            log.warning("not watched for notifications", extra=fields)
            await asyncio.sleep(_AGAIN_S)
        finally:
            self._opening.discard(record.server)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    def _watched(rule: WatchRule, cluster: OpenCluster) -> dict[_Watched, OpenCluster]:
        version = rule.version
        if not version:
            served = cluster.client.discovery.preferred(GroupKind(rule.group, rule.kind))
            if served is None:
                return {}
            version = served.gvk.version
        server = cluster.record.server
        return {
            _Watched(server, rule.group, version, rule.kind, namespace): cluster
            for namespace in cluster.record.namespaces or ("",)
        }

    async def _start(self, watched: _Watched, cluster: OpenCluster) -> None:
        gvk = GroupVersionKind(watched.group, watched.version, watched.kind)
        informer = Informer(cluster.client, gvk, namespace=watched.namespace)
        try:
            await asyncio.wait_for(informer.start(), _LOOK_S)
        except (NotFoundError, TimeoutError) as err:
            await informer.close()
            what = err.line if isinstance(err, TiphysError) else "no list in time"
            fields = {"kind": watched.kind, "cluster": cluster.record.name, "error": what}
            log.warning("not watched for notifications", extra=fields)
            return
        self._informers[watched] = informer
        self._clients[watched] = cluster

        def changed(key: str, before: Manifest | None, after: Manifest | None) -> None:
            del key
            event = "create" if before is None else "delete" if after is None else "update"
            happening = Happening(event=event, old=before, new=after, cluster=cluster.record)
            self._consider(watched, happening)

        informer.subscribe(changed)

    def _consider(self, watched: _Watched, happening: Happening) -> None:
        configuration = self._configuration()
        for rule in configuration.watches:
            is_kind = (rule.group, rule.kind) == (watched.group, watched.kind)
            if not is_kind or rule.version not in {"", watched.version}:
                continue
            if not is_in(rule, happening.cluster) or not concerns(rule, happening):
                continue
            if len(self._tasks) >= _MAX_ON_THE_WAY:
                log.warning("too many changes; one is not told", extra={"rule": rule.name})
                continue
            self._spawn(self._tell(configuration, rule, happening))

    async def _tell(
        self, configuration: Configuration, rule: WatchRule, happening: Happening
    ) -> None:
        try:
            holds = await self._holds(configuration, rule, happening)
        except TiphysError as err:
            log.warning("rule not evaluated", extra={"rule": rule.name, "error": err.line})
            holds = False
        self._metrics.evaluated(f"watch.{rule.name}", triggered=holds)
        if holds:
            sends = [
                self._send(configuration, rule, happening, template, destination)
                for destination in rule.destinations
                for template in rule.send
            ]
            await asyncio.gather(*sends)

    async def _holds(
        self, configuration: Configuration, rule: WatchRule, happening: Happening
    ) -> bool:
        about = {**happening.variables(), "context": dict(configuration.context)}

        def decide(facts: Mapping[str, Any]) -> tuple[bool, str]:
            evaluate = evaluator(about, facts, is_guarded=False)
            holds = not rule.when or evaluate(rule.when) is True
            once_per = evaluate(rule.once_per) if holds and rule.once_per else None
            return holds, "" if once_per is None else f"{rule.name}:{once_per}"

        holds, once = await with_facts(decide, no_facts)
        if holds and once:
            if once in self._told:
                return False
            self._told[once] = None
            if len(self._told) > _MAX_TOLD:
                self._told.popitem(last=False)
        return holds

    async def _send(
        self,
        configuration: Configuration,
        rule: WatchRule,
        happening: Happening,
        template: str,
        destination: Destination,
    ) -> None:
        parcel = Parcel(
            template=template,
            destination=destination,
            about=happening.variables(),
            fetch=no_facts,
        )
        for attempt in range(_MAX_ATTEMPTS):
            succeeded = False
            try:
                await self._channels.deliver(configuration, parcel)
                succeeded = True
            except DeliveryError as err:
                fields = {"rule": rule.name, "service": destination.service, "error": err.line}
                log.warning("not notified", extra={**fields, "attempts": attempt + 1})
            self._metrics.delivered(f"watch.{rule.name}", destination.service, succeeded=succeeded)
            if succeeded:
                return
            await asyncio.sleep(RETRY_AFTER_S[attempt])


async def no_facts(name: str, argument: str) -> Mapping[str, Any]:
    """Return that nothing is known: a watched object belongs to no repository."""
    del argument
    return {"error": f"{name} is for Applications only"}
