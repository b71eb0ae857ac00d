"""The role: looks at Applications as they change, and sends what is due.

Level, not edge: a look reads the Application, its subscriptions and its delivery state, and sends
what the state does not hold. So a message is sent at least once, whatever happens in between, and
in practice once. Each message is a task of its own; none waits for another service.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tiphys.delivery.clock import system_clock, timestamp
from tiphys.delivery.clusters import Clusters
from tiphys.delivery.installation import Installation
from tiphys.engine.notifications.configuration import Configuration
from tiphys.engine.notifications.evaluation import (
    MAX_ATTEMPTS,
    Assessment,
    Due,
    assess,
    is_settled,
    retry_after_s,
)
from tiphys.engine.notifications.state import Failure
from tiphys.engine.notifications.subscriptions import Subscribed, subscriptions_of
from tiphys.kube.client import KubeClient
from tiphys.kube.events import EventRecorder
from tiphys.model.errors import TiphysError
from tiphys.model.keys import Manifest
from tiphys.model.labels import DEFAULT_PROJECT
from tiphys.notifications.channels import Channels, Parcel
from tiphys.notifications.configurations import Configurations
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.expressions import depends_on_clock, evaluator, with_facts
from tiphys.notifications.facts import Facts
from tiphys.notifications.ledger import Ledger
from tiphys.notifications.metrics import NotificationMetrics
from tiphys.notifications.watching import WatchRules
from tiphys.settings.notifications import CONFIG_MAP, SECRET

log = logging.getLogger(__name__)

_RESYNC_S: Final = 60.0
_LAST_WORDS_S: Final = 2.5


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the role works with.

    Attributes:
        is_paused: whether somebody else, Argo CD itself, notifies about these Applications.
    """

    installation: Installation
    home: KubeClient
    clusters: Clusters
    channels: Channels
    facts: Facts
    events: EventRecorder
    metrics: NotificationMetrics
    is_paused: Callable[[], bool]


class Notifier:
    """Notifies about all Applications of an installation."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        collections = around.installation.collections
        self._applications, self._projects = collections.applications, collections.projects
        self.configurations = Configurations(around.installation, around.home)
        self._ledger = Ledger(around.home, collections.applications)
        self._watch_rules = WatchRules(
            lambda: self.configurations.central, around.clusters, around.channels, around.metrics
        )
        self._waiting: dict[str, None] = {}
        self._awake = asyncio.Event()
        self._on_the_way: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._arrived: dict[tuple[str, str], set[str]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._gone: dict[str, Manifest] = {}

    async def run(self) -> None:
        """Notify until cancelled; what was sent is written down before this ends."""
        collections = self._around.installation.collections
        self._applications.subscribe(self._application_changed)
        self._projects.subscribe(self._project_changed)
        collections.config_maps.subscribe(self._configuration_changed)
        collections.secrets.subscribe(self._configuration_changed)
        self._look_at_all()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._work())
                tasks.create_task(self._resync())
                tasks.create_task(self._watch_rules.run())
                tasks.create_task(self._around.events.run())
        finally:
            await self._stop()

    @property
    def is_busy(self) -> bool:
        """Whether something is to be looked at, sent or written down."""
        return bool(self._waiting or self._on_the_way or self._ledger.is_busy)

    async def _stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        sending = list(self._on_the_way.values())
        if sending:  # what has arrived but is not written down would be sent again
            await asyncio.wait(sending, timeout=_LAST_WORDS_S)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ledger.flush(), _LAST_WORDS_S)
        await self._ledger.close()
        await self._around.channels.close()

    def _application_changed(
        self, key: str, before: Manifest | None, after: Manifest | None
    ) -> None:
        if after is not None:
            self._look_at(key)
        elif before is not None and not before["metadata"].get("deletionTimestamp"):
            # It went without a finalizer, so that nobody has seen it being deleted.
            metadata = {**before["metadata"], "deletionTimestamp": timestamp(system_clock())}
            self._gone[key] = {**before, "metadata": metadata}
            self._look_at(key)

    def _project_changed(self, key: str, before: Manifest | None, after: Manifest | None) -> None:
        annotations = [
            ((manifest or {}).get("metadata") or {}).get("annotations")
            for manifest in (before, after)
        ]
        if annotations[0] != annotations[1]:
            name = key.rpartition("/")[2]
            for app in self._applications.objects():
                if _project_of(app) == name:
                    self._look_at(_key(app))

    def _configuration_changed(
        self, key: str, before: Manifest | None, after: Manifest | None
    ) -> None:
        del before, after
        if key.rpartition("/")[2] in {CONFIG_MAP, SECRET}:
            self._look_at_all()

    def _look_at_all(self) -> None:
        for key in self._applications.names():
            self._look_at(key)

    def _look_at(self, key: str) -> None:
        self._waiting[key] = None
        self._awake.set()

    def _look_later(self, key: str, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known is not None and known.when() <= loop.time() + delay_s and not known.cancelled():
            return
        if known is not None:
            known.cancel()

        def wake() -> None:
            self._timers.pop(key, None)
            self._look_at(key)

        self._timers[key] = loop.call_later(max(delay_s, 0.0), wake)

    async def _work(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            while self._waiting:
                key = next(iter(self._waiting))
                del self._waiting[key]
                try:
                    await self._look(key)
                except TiphysError as err:
                    log.warning("not looked at", extra={"key": key, "error": err.line})
                except Exception:  # a bug about one Application must not silence the others
                    log.exception("look at notifications crashed", extra={"key": key})
                await asyncio.sleep(0)

    async def _resync(self) -> None:
        """Look again at what changes with time alone."""
        while True:
            await asyncio.sleep(_RESYNC_S)
            if self._around.installation.settings.notifications_self_service:
                self._look_at_all()
                continue
            configuration = self.configurations.central
            timed = {
                name
                for name, trigger in configuration.triggers.items()
                if any(depends_on_clock(one.when) for one in trigger.conditions)
            }
            for index, app in enumerate(self._applications.objects() if timed else []):
                if timed & self._subscriptions(app, configuration).keys():
                    self._look_at(_key(app))
                if index % 100 == 99:
                    await asyncio.sleep(0)

    def _project(self, app: Manifest) -> Manifest | None:
        namespace = self._around.installation.namespace
        return self._projects.get(f"{namespace}/{_project_of(app)}")

    def _subscriptions(self, app: Manifest, configuration: Configuration) -> Subscribed:
        return subscriptions_of(app, self._project(app), configuration)

    async def _look(self, key: str) -> None:
        gone = self._gone.pop(key, None)
        app = gone or self._applications.get(key)
        if gone is not None and self._applications.get(key) is not None:
            self._look_at(key)  # another one has its name by now
        if app is None or self._around.is_paused() or not is_settled(app):
            return
        for configuration in await self.configurations.of(app["metadata"]["namespace"]):
            subscribed = self._subscriptions(app, configuration)
            if subscribed:
                assessment = await self._assess(app, configuration, subscribed)
                self._act(app, configuration, assessment)

    async def _assess(
        self, app: Manifest, configuration: Configuration, subscribed: Subscribed
    ) -> Assessment:
        state = self._ledger.state(app)
        about = {"app": app, "context": dict(configuration.context)}

        def decide(facts: Mapping[str, Any]) -> Assessment:
            evaluate = evaluator(about, facts, is_guarded=not configuration.is_central)
            return assess(configuration, subscribed, state, evaluate)

        async def fetch(name: str, argument: str) -> Mapping[str, Any]:
            return await self._around.facts.fetch(app, name, argument)

        return await with_facts(decide, fetch)

    def _act(self, app: Manifest, configuration: Configuration, assessment: Assessment) -> None:
        for verdict in assessment.verdicts:
            self._around.metrics.evaluated(verdict.trigger, triggered=verdict.holds)
            if verdict.problem:
                fields = {"key": _key(app), "trigger": verdict.trigger, "why": verdict.problem}
                log.debug("trigger not evaluated", extra=fields)
        now = int(time.time())
        for due in assessment.due:
            place = app["metadata"].get("uid", ""), due.key
            if place in self._on_the_way:
                continue
            if due.not_before > now:
                self._look_later(_key(app), due.not_before - now)
                continue
            task = asyncio.get_running_loop().create_task(self._send(app, configuration, due))
            self._on_the_way[place] = task
        if assessment.forgotten:
            self._ledger.note(app, forgotten=assessment.forgotten)

    async def _send(self, app: Manifest, configuration: Configuration, due: Due) -> None:
        place = app["metadata"].get("uid", ""), due.key
        try:
            await self._send_all(app, configuration, due, place)
        except DeliveryError as err:
            self._failed(app, due, err)
        except asyncio.CancelledError:
            raise
        except Exception:  # a bug of one service must not end the role
            log.exception("delivery crashed", extra={"key": _key(app), "trigger": due.trigger})
            self._failed(app, due, DeliveryError("an error of tiphys itself; see its log"))
        else:
            self._arrived.pop(place, None)
            self._ledger.note(app, sent={due.key: int(time.time())})
            fields = {
                "key": _key(app),
                "trigger": due.trigger,
                "service": due.destination.service,
            }
            log.info("notified", extra=fields)
        finally:
            self._on_the_way.pop(place, None)

    async def _send_all(
        self, app: Manifest, configuration: Configuration, due: Due, place: tuple[str, str]
    ) -> None:
        async def fetch(name: str, argument: str) -> Mapping[str, Any]:
            return await self._around.facts.fetch(app, name, argument)

        arrived = self._arrived.setdefault(place, set())
        for template in due.templates:
            if template in arrived:
                continue
            parcel = Parcel(
                template=template,
                destination=due.destination,
                about={"app": app, "appProject": self._project(app) or {}},
                fetch=fetch,
            )
            succeeded = False
            try:
                await self._around.channels.deliver(configuration, parcel)
                succeeded = True
            finally:
                self._around.metrics.delivered(
                    due.trigger, due.destination.service, succeeded=succeeded
                )
            arrived.add(template)

    def _failed(self, app: Manifest, due: Due, err: DeliveryError) -> None:
        attempts = due.attempts + 1
        now = int(time.time())
        not_before = now + err.retry_after_s if err.retry_after_s else 0
        failure = Failure(at=now, attempts=attempts, error=err.line, not_before=not_before)
        self._ledger.note(app, failed={due.key: failure})
        service = due.destination.service
        fields = {
            "key": _key(app),
            "trigger": due.trigger,
            "service": service,
            "attempts": attempts,
            "error": err.line,
        }
        log.warning("not notified", extra=fields)
        wait_s = retry_after_s(attempts)
        if wait_s is not None:
            wait_s = max(wait_s, err.retry_after_s)
            self._look_later(_key(app), wait_s)
        if attempts in {1, MAX_ATTEMPTS}:
            again = "given up" if wait_s is None else f"next try in {wait_s} s"
            text = f"{due.trigger} was not delivered by {service}: {err.line} ({again})"
            self._around.events.record(app, "NotificationFailed", text, is_warning=True)


def _key(app: Manifest) -> str:
    return f"{app['metadata']['namespace']}/{app['metadata']['name']}"


def _project_of(app: Manifest) -> str:
    return (app.get("spec") or {}).get("project") or DEFAULT_PROJECT
