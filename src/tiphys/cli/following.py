"""Follows Applications until they are as somebody waits for, and shows what happens meanwhile."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import click
import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tiphys.cli.application_text import RESOURCE_COLUMNS, resource_row, result_row
from tiphys.cli.tables import table
from tiphys.delivery.stored_applications import Applications
from tiphys.model.errors import NotFoundError, TiphysError
from tiphys.model.keys import Manifest

_POLL_S = 0.1
_WIDTHS = (19, 12, 24, 16, 32, 11, 11, 9)
_FINAL_PHASES = {"Succeeded", "Failed", "Error"}


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody waits for; all that is True has to hold at once."""

    sync: bool = False
    health: bool = False
    suspended: bool = False
    degraded: bool = False
    operation: bool = False
    deletion: bool = False

    def missing(self, app: Manifest, rows: Iterable[Manifest] | None = None) -> str:
        """Return why the wait goes on, "" when it is over.

        Args:
            app: the Application.
            rows: of its `status.resources`, when only these count; else the Application as a whole.
        """
        if self.deletion:
            return "it is still there"
        if self.operation and not is_idle(app):
            return "an operation is in progress"
        parts = [app.get("status") or {}] if rows is None else list(rows)
        for part in parts:
            sync = part.get("sync", {}).get("status") if rows is None else part.get("status")
            if self.sync and sync != "Synced":
                return f"it is {sync or 'not compared yet'}"
            health = (part.get("health") or {}).get("status")
            wanted = self._healths()
            if wanted and health not in wanted and (rows is None or health):
                return f"its health is {health or 'Unknown'}"
        return ""

    def _healths(self) -> set[str]:
        named = (
            (self.health, "Healthy"),
            (self.suspended, "Suspended"),
            (self.degraded, "Degraded"),
        )
        return {word for is_wanted, word in named if is_wanted}


def is_idle(app: Manifest) -> bool:
    """Tell whether no operation is asked for or running."""
    state = (app.get("status") or {}).get("operationState") or {}
    return not app.get("operation") and state.get("phase", "Succeeded") in _FINAL_PHASES


class Progress:
    """Shows the resources of an Application as they change: a table on a terminal, else lines.

    Args:
        past: when the operation began whose results are of no interest any more.
        is_quiet: show nothing in a pipe, because the outcome alone is to be there.
    """

    def __init__(self, past: str, *, is_quiet: bool = False) -> None:
        self._past, self._is_quiet = past, is_quiet
        self._shown: dict[tuple[str, ...], list[str]] = {}
        # Standard error, so that a pipe gets the outcome and the person still sees the way there.
        self._live = Live(console=Console(stderr=True), refresh_per_second=8)
        self._is_terminal = sys.stdout.isatty() and sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_terminal:
            self._live.stop()

    def show(self, app: Manifest) -> None:
        """Show how an Application is now."""
        rows = {tuple(row[:4]): row for row in merged_rows(app, self._past)}
        if self._is_terminal:
            self._live.update(Text.from_ansi(table(RESOURCE_COLUMNS, rows.values())))
            return
        if self._is_quiet:
            return
        for key, row in rows.items():
            if self._shown.get(key) != row:
                if not self._shown:
                    click.echo(_columns(["TIMESTAMP", *RESOURCE_COLUMNS]))
                self._shown[key] = row
                now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
                click.echo(_columns([now, *row]))


def merged_rows(app: Manifest, past: str) -> list[list[str]]:
    """Return how each resource stands, with what the operation after a past one said of it."""
    status = app.get("status") or {}
    state = status.get("operationState") or {}
    is_past = state.get("startedAt") == past
    results = [] if is_past else (state.get("syncResult") or {}).get("resources") or []
    rows = {tuple(row[:4]): row for row in map(resource_row, status.get("resources") or [])}
    for row in map(result_row, results):
        known = rows.get(tuple(row[:4]))
        if known is None:
            rows[tuple(row[:4])] = row
        else:
            known[6], known[7] = row[6], row[7] or known[7]
    return list(rows.values())


def _columns(cells: list[str]) -> str:
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=False)]
    return "  ".join([*padded, *cells[len(_WIDTHS) :]]).rstrip()


async def follow(
    applications: Applications,
    name: str,
    awaited: Awaited,
    timeout_s: int,
    *,
    chosen: Callable[[Manifest], list[Manifest] | None] = lambda app: None,
    past: str = "",
    is_quiet: bool = False,
) -> Manifest | None:
    """Show an Application until what is awaited holds; return it, None once it is gone.

    Args:
        applications: where it is.
        name: of the Application.
        awaited: what has to hold.
        timeout_s: seconds; 0 waits without end.
        chosen: returns the rows of `status.resources` that alone count, None for all.
        past: when an operation began whose results are not shown; else that of one that has ended.
        is_quiet: show nothing in a pipe.

    Raises:
        TiphysError: it did not happen in time, or health turned Degraded while Healthy is awaited.
    """
    deadline = time.monotonic() + timeout_s if timeout_s else None
    was_degraded = True
    if not (past or awaited.deletion):
        past = _ended_operation(await applications.get(name))
    with Progress(past, is_quiet=is_quiet) as progress:
        while True:
            try:
                app = await applications.get(name)
            except NotFoundError:
                if awaited.deletion:
                    return None
                raise
            progress.show(app)
            missing = awaited.missing(app, chosen(app))
            if not missing:
                return app
            health = ((app.get("status") or {}).get("health") or {}).get("status")
            if awaited.health and health == "Degraded" and not was_degraded:
                raise TiphysError("health has turned Degraded", where=name, hint=_look_at(name))
            was_degraded = health == "Degraded"
            if deadline is not None and time.monotonic() > deadline:
                raise TiphysError(
                    f"timed out ({timeout_s}s) waiting: {missing}", where=name, hint=_look_at(name)
                )
            await asyncio.sleep(_POLL_S)


def _ended_operation(app: Manifest) -> str:
    state = (app.get("status") or {}).get("operationState") or {}
    return str(state.get("startedAt", "")) if state.get("phase") in _FINAL_PHASES else ""


def started_at(app: Manifest) -> str:
    """Return when the last operation began, "none" when there was none."""
    state = (app.get("status") or {}).get("operationState") or {}
    return str(state.get("startedAt", "none"))


def _look_at(name: str) -> str:
    return f"See why with `tiphys app get {name}`."
