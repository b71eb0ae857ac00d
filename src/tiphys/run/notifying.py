"""The role that notifies, made of the parts of the process."""

from collections.abc import Callable

from tiphys.delivery.clock import system_clock
from tiphys.delivery.installation import Installation
from tiphys.kube.events import EventRecorder
from tiphys.languages.templates import Templates
from tiphys.notifications.channels import Channels
from tiphys.notifications.facts import Facts
from tiphys.notifications.metrics import NotificationMetrics, Uncounted
from tiphys.notifications.notifier import Notifier, Surroundings
from tiphys.run.parts import Parts


def notifier_of(
    parts: Parts, is_paused: Callable[[], bool], metrics: NotificationMetrics | None = None
) -> Notifier:
    """Return the role.

    Args:
        parts: of the process.
        is_paused: whether Argo CD itself notifies about the same Applications.
        metrics: counts; None to count nothing.
    """
    return Notifier(
        Surroundings(
            installation=parts.installation,
            home=parts.home,
            clusters=parts.clusters,
            channels=Channels(Templates(), lambda host: _authority(parts.installation, host)),
            facts=Facts(parts.installation, parts.sources),
            events=EventRecorder(parts.home, "argocd-notifications-controller", system_clock),
            metrics=metrics or Uncounted(),
            is_paused=is_paused,
        )
    )


def _authority(installation: Installation, host: str) -> str:
    key = f"{installation.namespace}/argocd-tls-certs-cm"
    manifest = installation.collections.config_maps.get(key) or {}
    return str((manifest.get("data") or {}).get(host, ""))
