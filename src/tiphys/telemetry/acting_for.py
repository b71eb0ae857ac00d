"""For which Application the current task works, so that requests can be counted by it."""

from contextvars import ContextVar

from tiphys.telemetry.metrics import AppLabels

current: ContextVar[AppLabels | None] = ContextVar("application", default=None)
