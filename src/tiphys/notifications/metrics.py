"""What is counted, as the role sees it; `telemetry` says how it is exposed."""

from typing import Protocol


class NotificationMetrics(Protocol):
    """Counters of Argo CD's names `argocd_notifications_*`."""

    def delivered(self, trigger: str, service: str, *, succeeded: bool) -> None:
        """Count an attempt to deliver: `deliveries_total{trigger,service,succeeded}`."""

    def evaluated(self, trigger: str, *, triggered: bool) -> None:
        """Count a look at a condition: `trigger_eval_total{name,triggered}`."""


class Uncounted:
    """Counts nothing."""

    def delivered(self, trigger: str, service: str, *, succeeded: bool) -> None:
        """Do nothing."""

    def evaluated(self, trigger: str, *, triggered: bool) -> None:
        """Do nothing."""
