"""The work queue, as gauges that are computed at the scrape.

Source: client-go's work queue metrics, as Argo CD exposes them.
"""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from tiphys.controller.queue import WorkQueue
from tiphys.telemetry.metrics import RECONCILIATION_QUEUE


class QueueGauges:
    """What waits and what is worked on."""

    def __init__(self, queue: WorkQueue) -> None:
        self._queue = queue

    def collect(self) -> Iterator[Metric]:
        """Yield the families, for a scrape."""
        queue = self._queue
        values = {
            "workqueue_depth": ("Keys that wait", queue.depth),
            "workqueue_unfinished_work_seconds": ("Seconds at work", queue.unfinished_work_s()),
            "workqueue_longest_running_processor_seconds": (
                "Seconds of the longest work",
                queue.longest_work_s(),
            ),
            "tiphys_queue_age_seconds": ("Seconds of the longest wait", queue.oldest_s()),
        }
        for name, (text, value) in values.items():
            family = GaugeMetricFamily(name, text, labels=("name",))
            family.add_metric([RECONCILIATION_QUEUE], value)
            yield family
