"""The process itself: memory, tasks, garbage collection, the lag of the event loop.

Dashboards written for Argo CD ask for the gauges of Go's runtime; where Python has a counterpart,
it answers under that name: tasks for goroutines, resident memory for the heap.
"""

import asyncio
import gc
import time
from collections import deque
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily

from tiphys.telemetry.loop_lag import LoopLag

_QUANTILES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_KEPT: Final = 1000


class Runtime:
    """Gauges of this process; made on the event loop that it is about."""

    def __init__(self, lag: LoopLag) -> None:
        self._lag, self._loop = lag, asyncio.get_running_loop()
        self._pauses: deque[float] = deque(maxlen=_KEPT)
        self._count, self._total_s, self._began = 0, 0.0, 0.0
        gc.callbacks.append(self._collected)

    def close(self) -> None:
        """Stop listening to the garbage collector."""
        gc.callbacks.remove(self._collected)

    def _collected(self, phase: str, _info: dict[str, Any]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
            return
        seconds = time.perf_counter() - self._began
        self._pauses.append(seconds)
        self._count += 1
        self._total_s += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the families, for a scrape."""
        info = GaugeMetricFamily("argocd_info", "The version that runs", labels=("version",))
        info.add_metric([version("tiphys")], 1)
        yield info
        yield GaugeMetricFamily("go_goroutines", "Tasks of the loop", len(self._tasks()))
        yield GaugeMetricFamily("go_memstats_heap_alloc_bytes", "Resident memory", resident_bytes())
        yield self._pauses_family()
        lag = GaugeMetricFamily(
            "tiphys_loop_lag_seconds", "Lag of the event loop, of the last hour",
            labels=("quantile",),
        )  # fmt: skip
        for share in (0.5, 0.99, 1.0):
            lag.add_metric([f"{share:g}"], self._lag.percentile(share))
        yield lag

    def _tasks(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks(self._loop)

    def _pauses_family(self) -> Metric:
        family = SummaryMetricFamily("go_gc_duration_seconds", "Pauses of the garbage collector")
        name = "go_gc_duration_seconds"
        ranked = sorted(self._pauses) or [0.0]
        for share in _QUANTILES:
            place = min(int(len(ranked) * share), len(ranked) - 1)
            family.add_sample(name, {"quantile": f"{share:g}"}, ranked[place])
        family.add_sample(f"{name}_count", {}, self._count)
        family.add_sample(f"{name}_sum", {}, self._total_s)
        return family


def resident_bytes() -> float:
    """Return the resident memory of this process; 0 where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 -- hot, tiny
            for line in status:
                if line.startswith("VmRSS:"):
                    return float(line.split()[1]) * 1024
    except OSError:
        pass
    return 0.0
