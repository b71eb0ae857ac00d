"""Lines of containers' logs: their times, and which of them somebody wants.

Source: Kubernetes API reference, "read log of the specified Pod" (`timestamps`); Argo CD's log
viewer for the filter: a text that lines contain, or with a leading `!` must not contain.
"""

from datetime import UTC, datetime

import msgspec


class LogLine(msgspec.Struct, frozen=True, order=True):
    """One line; ordered by time.

    Attributes:
        at: RFC 3339 with fractions, as the server wrote it; "" where it wrote none.
        pod: which it came from.
    """

    at: str
    content: str
    pod: str


class LineFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines are wanted.

    Attributes:
        text: that a line contains, "" for any; with a leading `!` those that do not.
        matches_case: whether upper and lower case differ.
        until: the last moment that is wanted, None for no end.
    """

    text: str = ""
    matches_case: bool = False
    until: datetime | None = None

    def wants(self, line: LogLine) -> bool:
        """Return whether a line is wanted."""
        is_inverted = self.text.startswith("!")
        wanted, content = self.text.removeprefix("!"), line.content
        if not self.matches_case:
            wanted, content = wanted.lower(), content.lower()
        return not wanted or (wanted in content) is not is_inverted

    def is_over(self, line: LogLine) -> bool:
        """Return whether a line, and with it all later ones, comes after the end."""
        return self.until is not None and (at := moment_of(line.at)) is not None and at > self.until


def parse_line(text: str, pod: str) -> LogLine:
    """Return a line that begins with its time, as the server writes it when asked for times."""
    at, separator, content = text.partition(" ")
    if separator and moment_of(at) is not None:
        return LogLine(at, content, pod)
    if moment_of(text) is not None:
        return LogLine(text, "", pod)
    return LogLine("", text, pod)


def moment_of(text: str) -> datetime | None:
    """Return the moment that RFC 3339 with up to nine fractional digits names, else None."""
    if len(text) < 20 or text[4] != "-" or text[10] != "T":
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    digits = fraction.partition("+")[0].partition("-")[0]
    zone = fraction[len(digits) :] if fraction else ""
    try:
        found = datetime.fromisoformat(f"{whole}.{digits[:6]:0<6}{zone}")
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
