"""Looks at the configuration of notifications from outside: what it says, and what comes of it."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tiphys.delivery.installation import Installation
from tiphys.engine.notifications.configuration import Configuration, Destination, ServiceConfig
from tiphys.engine.notifications.evaluation import Verdict, verdicts_of
from tiphys.engine.notifications.summary import SubscriptionSummary, summarise
from tiphys.engine.notifications.wording import sources_of, variables_of
from tiphys.kube.client import KubeClient
from tiphys.languages.templates import Templates
from tiphys.model.errors import InvalidInputError, NotFoundError
from tiphys.model.keys import Manifest
from tiphys.model.labels import DEFAULT_PROJECT
from tiphys.notifications.channels import Channels, Parcel
from tiphys.notifications.configurations import Configurations
from tiphys.notifications.expressions import evaluator, with_facts
from tiphys.notifications.facts import Facts
from tiphys.run.opening import installation_of
from tiphys.settings.notifications import parse_notifications
from tiphys.settings.secrets import decode_secret
from tiphys.sources.api import RendererOptions
from tiphys.sources.sources import Sources

CONSOLE = "console"


class Files(msgspec.Struct, frozen=True):
    """Where the configuration is read from in place of the cluster; "" for the cluster.

    Attributes:
        config_map: path of a manifest.
        secret: path of a manifest, or ":empty" for none.
    """

    config_map: str = ""
    secret: str = ""


class Notifications:
    """A configuration and the installation that it is for."""

    def __init__(
        self, configuration: Configuration, installation: Installation, sources: Sources
    ) -> None:
        self.configuration = configuration
        self._installation, self._facts = installation, Facts(installation, sources)

    def application(self, name: str) -> Manifest:
        """Return an Application by "name" or "namespace/name", or from a file.

        Raises:
            NotFoundError: there is no such one.
        """
        if name.endswith((".yaml", ".yml", ".json")):
            return read_manifest(Path(name))
        own = self._installation.namespace
        key = name if "/" in name else f"{own}/{name}"
        app = self._installation.collections.applications.get(key)
        if app is None:
            raise NotFoundError(f"there is no Application `{name}`", where=f"namespace {own}")
        return app

    async def run_trigger(self, name: str, app: Manifest) -> list[Verdict]:
        """Return what each condition of a trigger says about an Application.

        Raises:
            NotFoundError: it is not configured.
        """
        trigger = self.configuration.triggers.get(name)
        if trigger is None:
            raise NotFoundError(
                f"trigger `{name}` is not configured",
                hint=f"Configured are {_listed(self.configuration.triggers)}.",
            )
        about = {"app": app, "context": dict(self.configuration.context)}

        def decide(facts: Mapping[str, Any]) -> list[Verdict]:
            return verdicts_of(trigger, evaluator(about, facts, is_guarded=False))

        return await with_facts(decide, self._fetch_for(app))

    async def notify(self, template: str, app: Manifest, recipient: str) -> str:
        """Send a template to a recipient, "service:name"; return what "console" is to show.

        Raises:
            NotFoundError: the template is not configured.
            DeliveryError: the message did not arrive.
        """
        destination = Destination.parse(recipient)
        if template not in self.configuration.templates:
            raise NotFoundError(
                f"template `{template}` is not configured",
                hint=f"Configured are {_listed(self.configuration.templates)}.",
            )
        channels = Channels(Templates(workers=1), lambda host: "")
        try:
            if destination.service == CONSOLE:
                return await self._rendered(template, app, destination)
            parcel = Parcel(
                template=template,
                destination=destination,
                about={"app": app, "appProject": self._project(app)},
                fetch=self._fetch_for(app),
            )
            await channels.deliver(self.configuration, parcel)
        finally:
            await channels.close()
        return ""

    async def _rendered(self, name: str, app: Manifest, destination: Destination) -> str:
        template = self.configuration.templates[name]
        console = ServiceConfig(name=CONSOLE, type=CONSOLE, options={})
        about = {"app": app, "appProject": self._project(app)}
        variables = variables_of(self.configuration, console, destination, about)
        templates = Templates(workers=1)
        shown: dict[str, Any] = {}
        try:
            for kind in [key for key in template.body if key != "message"] or [CONSOLE]:
                service = ServiceConfig(name=kind, type=kind, options={})
                texts = await templates.render(
                    sources_of(template, service), variables, self._fetch_for(app)
                )
                shown.setdefault("message", texts["message"])
                block = {
                    path.removeprefix("block\n").replace("\n", "."): text
                    for path, text in texts.items()
                    if path != "message"
                }
                shown |= {kind: block} if block else {}
        finally:
            await templates.close()
        return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True).rstrip()

    async def summary(self, app: Manifest) -> tuple[SubscriptionSummary, ...]:
        """Return what an Application is subscribed to, what was sent, and what failed."""
        about = {"app": app, "context": dict(self.configuration.context)}

        def decide(facts: Mapping[str, Any]) -> tuple[SubscriptionSummary, ...]:
            evaluate = evaluator(about, facts, is_guarded=False)
            return summarise(app, self._project(app), self.configuration, evaluate)

        return await with_facts(decide, self._fetch_for(app))

    def _fetch_for(self, app: Manifest) -> Any:
        async def fetch(name: str, argument: str) -> Mapping[str, Any]:
            return await self._facts.fetch(app, name, argument)

        return fetch

    def _project(self, app: Manifest) -> Manifest:
        name = (app.get("spec") or {}).get("project") or DEFAULT_PROJECT
        key = f"{self._installation.namespace}/{name}"
        return self._installation.collections.projects.get(key) or {}


@contextlib.asynccontextmanager
async def notifications_of(
    client: KubeClient, namespace: str, files: Files
) -> AsyncIterator[Notifications]:
    """Give the configuration of an installation, from the cluster or from files."""
    async with installation_of(client, namespace) as installation:
        with tempfile.TemporaryDirectory(prefix="tiphys-") as home:
            sources = Sources(Path(home), git_timeout_s=15.0, renderers=RendererOptions())
            try:
                configuration = Configurations(installation, client).central
                if files.config_map or files.secret:
                    configuration = _from_files(files, configuration, installation)
                yield Notifications(configuration, installation, sources)
            finally:
                await sources.close()


def _from_files(files: Files, known: Configuration, installation: Installation) -> Configuration:
    namespace = known.namespace
    stored = installation.collections.config_maps.get(f"{namespace}/argocd-notifications-cm")
    config_map = read_manifest(Path(files.config_map)) if files.config_map else stored or {}
    secrets: Mapping[str, str] = known.secrets
    if files.secret == ":empty":  # noqa: S105  # the word of a flag
        secrets = {}
    elif files.secret:
        manifest = read_manifest(Path(files.secret))
        secrets = {**decode_secret(manifest), **(manifest.get("stringData") or {})}
    return parse_notifications(config_map.get("data") or {}, secrets, namespace=namespace)


def read_manifest(path: Path) -> Manifest:
    """Return the object that a file holds.

    Raises:
        InvalidInputError: it cannot be read, or holds no object.
    """
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise InvalidInputError(f"cannot be read: {type(err).__name__}", where=str(path)) from err
    if not isinstance(found, dict):
        raise InvalidInputError("holds no object", where=str(path))
    return found


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"
