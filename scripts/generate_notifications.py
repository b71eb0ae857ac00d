"""Writes the default catalogue of triggers and templates of notifications.

Into src/tiphys/notifications/catalogue (which the wheel has) and deploy/notifications (which people
apply). Names of triggers and templates are Argo CD's, so that subscriptions to them work here.

Usage: python -m scripts.generate_notifications
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
FILES = (
    ROOT / "src" / "tiphys" / "notifications" / "catalogue" / "argocd-notifications-cm.yaml",
    ROOT / "deploy" / "notifications" / "argocd-notifications-cm.yaml",
)
GREEN, RED, YELLOW, BLUE = "#18be52", "#E96D76", "#f4c030", "#0DADEA"
GOOD, BAD = "#000080", "#FF0000"
BAD_NEWS = {"app-health-degraded", "app-sync-failed", "app-sync-status-unknown"}
NAME = "{{.app.metadata.name}}"
LINK = "{{.context.argocdUrl}}/applications/{{.app.metadata.namespace}}/" + NAME
REVISION = "app.status?.operationState?.syncResult?.revision"


class Entry(NamedTuple):
    """One trigger with its template."""

    trigger: str
    template: str
    when: str
    once_per: str
    description: str
    subject: str
    message: str
    colour: str

    @property
    def is_good(self) -> bool:
        return self.template not in BAD_NEWS


ENTRIES = (
    Entry(
        "on-created",
        "app-created",
        "true",
        "app.metadata.name",
        "The Application exists.",
        f"Application {NAME} was created",
        f"Application {NAME} was created.",
        BLUE,
    ),
    Entry(
        "on-deleted",
        "app-deleted",
        "app.metadata.deletionTimestamp != nil",
        "app.metadata.name",
        "The Application is being deleted.",
        f"Application {NAME} is being deleted",
        f"Application {NAME} is being deleted.",
        YELLOW,
    ),
    Entry(
        "on-deployed",
        "app-deployed",
        "app.status?.operationState?.phase == 'Succeeded'"
        " and app.status?.health?.status == 'Healthy'"
        " and (app.status.health.lastTransitionTime in [nil, '']"
        " or time.Parse(app.status.operationState.finishedAt)"
        ".Sub(time.Parse(app.status.health.lastTransitionTime)).Minutes() <= 1"
        " or time.Parse(app.status.health.lastTransitionTime)"
        ".Before(time.Parse(app.status.operationState.startedAt)))",
        REVISION,
        "A sync has succeeded and the Application is healthy; once per revision.",
        f"Application {NAME} is deployed and healthy",
        f"Application {NAME} now runs revision {{{{.app.status.sync.revision}}}} and is healthy.",
        GREEN,
    ),
    Entry(
        "on-health-degraded",
        "app-health-degraded",
        "app.status?.health?.status == 'Degraded'",
        REVISION,
        "The Application has become unhealthy.",
        f"Application {NAME} is degraded",
        f"Application {NAME} is degraded.\\nIts details: {LINK}.",
        YELLOW,
    ),
    Entry(
        "on-sync-failed",
        "app-sync-failed",
        "app.status?.operationState?.phase in ['Error', 'Failed']",
        REVISION,
        "A sync has failed.",
        f"Sync of application {NAME} failed",
        f"The sync of application {NAME}, which ended at"
        " {{.app.status.operationState.finishedAt}}, failed:"
        " {{.app.status.operationState.message}}\\n"
        f"Its details: {LINK}?operation=true.",
        RED,
    ),
    Entry(
        "on-sync-running",
        "app-sync-running",
        "app.status?.operationState?.phase == 'Running'",
        REVISION,
        "A sync is under way.",
        f"Sync of application {NAME} has begun",
        f"A sync of application {NAME} began at {{{{.app.status.operationState.startedAt}}}}.\\n"
        f"Its details: {LINK}?operation=true.",
        BLUE,
    ),
    Entry(
        "on-sync-status-unknown",
        "app-sync-status-unknown",
        "app.status?.sync?.status == 'Unknown'",
        REVISION,
        "It cannot be told whether the Application is in sync.",
        f"Sync status of application {NAME} is unknown",
        f"The sync status of application {NAME} is unknown."
        "{{range .app.status.conditions}}\\n* {{.message}}{{end}}\\n"
        f"Its details: {LINK}.",
        RED,
    ),
    Entry(
        "on-sync-succeeded",
        "app-sync-succeeded",
        "app.status?.operationState?.phase == 'Succeeded'",
        REVISION,
        "A sync has succeeded.",
        f"Application {NAME} was synced",
        f"Application {NAME} was synced at {{{{.app.status.operationState.finishedAt}}}}.\\n"
        f"Its details: {LINK}?operation=true.",
        GREEN,
    ),
)
REPOSITORY = (
    "{{if .app.spec.source}}{{.app.spec.source.repoURL | js}}"
    "{{else}}{{range $index, $source := .app.spec.sources}}{{if $index}}, {{end}}"
    "{{$source.repoURL | js}}{{end}}{{end}}"
)
CONDITIONS = (
    "{{range .app.status.conditions}}, "
    '{"title": "{{.type | js}}", "value": "{{.message | js}}", "short": true}{{end}}'
)
FACTS = (
    "{{range .app.status.conditions}}, "
    '{"name": "{{.type | js}}", "value": "{{.message | js}}"}{{end}}'
)


def fields(title: str, conditions: str) -> str:
    rows = [
        {title: "Sync Status", "value": "{{.app.status.sync.status}}"},
        {title: "Health", "value": "{{.app.status.health.status}}"},
        {title: "Repository", "value": REPOSITORY},
        {title: "Revision", "value": "{{.app.status.sync.revision}}"},
    ]
    if title == "title":
        rows = [{**row, "short": True} for row in rows]  # type: ignore[dict-item]
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    return f"[\n  {lines}{conditions}\n]"


def slack(entry: Entry) -> str:
    title, link = json.dumps(NAME), json.dumps(LINK)
    return (
        f'[{{"title": {title}, "title_link": {link}, "color": "{entry.colour}",\n'
        f'"fields": {fields("title", CONDITIONS)}}}]'
    )


def teams(entry: Entry) -> dict[str, str]:
    actions = [
        {
            "@type": "OpenUri",
            "name": "Open Operation",
            "targets": [{"os": "default", "uri": f"{LINK}?operation=true"}],
        },
        {
            "@type": "OpenUri",
            "name": "Open Repository",
            "targets": [
                {"os": "default", "uri": "{{call .repo.RepoURLToHTTPS .app.spec.source.repoURL}}"}
            ],
        },
    ]
    first, second = (json.dumps(action) for action in actions)
    return {
        "themeColor": GOOD if entry.is_good else BAD,
        "title": entry.subject,
        "facts": _Block(fields("name", FACTS)),
        "potentialAction": _Block(
            f"[\n  {first}{{{{if .app.spec.source}}}},\n  {second}{{{{end}}}}\n]"
        ),
    }


def template(entry: Entry) -> dict[str, Any]:
    return {
        "message": entry.message.replace("\\n", "\n"),
        "email": {"subject": entry.subject},
        "slack": {"attachments": _Block(slack(entry))},
        "teams": teams(entry),
    }


class _Block(str):
    """A text that is written over several lines."""


def _represent(dumper: yaml.SafeDumper, text: _Block) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")


yaml.SafeDumper.add_representer(_Block, _represent)


def config_map() -> dict[str, Any]:
    data: dict[str, Any] = {}
    for entry in ENTRIES:
        trigger = {
            "description": entry.description,
            "when": entry.when,
            "oncePer": entry.once_per,
            "send": [entry.template],
        }
        data[f"template.{entry.template}"] = _Block(dumped(template(entry)))
        data[f"trigger.{entry.trigger}"] = _Block(dumped([trigger]))
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "argocd-notifications-cm",
            "labels": {"app.kubernetes.io/part-of": "argocd"},
        },
        "data": data,
    }


def dumped(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=10_000, allow_unicode=True)


def main() -> None:
    text = dumped(config_map())
    heading = "# Written by scripts/generate_notifications.py.\n"
    for path in FILES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(heading + text)


if __name__ == "__main__":
    main()
