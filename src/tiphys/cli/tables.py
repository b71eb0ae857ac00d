"""Tables for terminals and pipes."""

import io
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH = 4096  # lines are wrapped by the terminal, never by us
MAX_TEXT = 240
_STYLES = {
    "Synced": "green",
    "Healthy": "green",
    "Succeeded": "green",
    "OutOfSync": "yellow",
    "Progressing": "cyan",
    "Running": "cyan",
    "Missing": "yellow",
    "Suspended": "blue",
    "Degraded": "red",
    "Failed": "red",
    "Error": "red",
    "SyncFailed": "red",
    "Unknown": "magenta",
}


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """Return a text on one line, cut where it is longer than a terminal bears."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a table without lines, its columns as wide as they need to be.

    Words of status are coloured; `click.echo` takes the colours out where no terminal reads.
    """
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for column in columns:
        drawn.add_column(column, no_wrap=True)
    for row in rows:
        drawn.add_row(*(styled(str(cell)) for cell in row))
    text = io.StringIO()
    console = Console(
        file=text, width=_WIDTH, color_system="standard", force_terminal=True, markup=False
    )
    console.print(drawn)
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines())


def styled(word: str) -> Text:
    """Return a cell in the colour of the status that it begins with."""
    return Text(word, style=_STYLES.get(word.partition(" ")[0], ""))


def colored(word: str) -> str:
    """Return a word of status with its colour for a terminal."""
    style = _STYLES.get(word.partition(" ")[0])
    if not style:
        return word
    text = io.StringIO()
    Console(file=text, color_system="standard", force_terminal=True).print(
        Text(word, style=style), end=""
    )
    return text.getvalue()
