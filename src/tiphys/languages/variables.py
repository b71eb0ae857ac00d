"""The functions that notifications offer to expressions and templates: time, strings, sync, repo.

What a function needs to know that is not at hand, such as the author of a commit, is a fact. The
first call for a missing one raises `FactNeededError`; who evaluates gets the fact and starts again.
So both languages stay free of I/O.

Source: Argo CD operator manual, "Notifications, Functions".
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

from goduration import Duration
from gotime import Month, ParseError, Time, Weekday

from tiphys.languages.expr.errors import ExprError

Facts = Mapping[str, Any]
"""What is known, by `fact_key`."""

_RFC3339: Final = "2006-01-02T15:04:05Z07:00"

_LAYOUTS: Final = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": _RFC3339,
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
    "Kitchen": "3:04PM",
    "Stamp": "Jan _2 15:04:05",
    "StampMilli": "Jan _2 15:04:05.000",
    "StampMicro": "Jan _2 15:04:05.000000",
    "StampNano": "Jan _2 15:04:05.000000000",
}
_UNITS: Final = {
    "Nanosecond": "1ns",
    "Microsecond": "1us",
    "Millisecond": "1ms",
    "Second": "1s",
    "Minute": "1m",
    "Hour": "1h",
}
_SCP: Final = re.compile(r"^(?:[^@/:]+@)?(?P<host>[^/:@]+):(?!//)(?P<path>.+)$")


_CONSTANTS: Final[dict[str, Any]] = {
    **{name: Duration.parse(text) for name, text in _UNITS.items()},
    **{str(Month(number)): Month(number) for number in range(1, 13)},
    **{str(Weekday(number)): Weekday(number) for number in range(7)},
    **_LAYOUTS,
}


class FactNeededError(Exception):
    """A function was called whose answer has to be fetched first.

    Attributes:
        name: of the function: "GetCommitMetadata" or "GetAppDetails".
        argument: what it was asked about; "" for the Application itself.
    """

    def __init__(self, name: str, argument: str) -> None:
        super().__init__(name)
        self.name, self.argument = name, argument


def fact_key(name: str, argument: str) -> str:
    """Return the name under which a fact is kept."""
    return f"{name} {argument}"


def offered(facts: Facts, now: Callable[[], Time]) -> dict[str, Any]:
    """Return the variables `time`, `strings`, `sync` and `repo`.

    Args:
        facts: what has been fetched so far.
        now: the clock.
    """
    return {
        "time": {
            **_CONSTANTS,
            "Parse": _parse,
            "Now": now,
        },
        "strings": {
            "ReplaceAll": lambda text, old, new: str(text).replace(str(old), str(new)),
            "ToUpper": lambda text: str(text).upper(),
            "ToLower": lambda text: str(text).lower(),
        },
        "sync": {"GetInfoItem": _info_item},
        "repo": {
            "RepoURLToHTTPS": https_url,
            "FullNameByRepoURL": full_name,
            "QueryEscape": lambda text: quote_plus(str(text)),
            "GetCommitMetadata": lambda revision: _commit(facts, str(revision)),
            "GetAppDetails": lambda: _details(facts),
        },
    }


def https_url(address: str) -> str:
    """Return the address of a repository as a browser takes it: without user and port of SSH."""
    host, path = _host_and_path(str(address))
    return f"https://{host}/{path.lstrip('/')}"


def full_name(address: str) -> str:
    """Return a repository's owner and name: "argoproj/argo-cd"."""
    _, path = _host_and_path(str(address))
    return path.strip("/").removesuffix(".git")


def _host_and_path(address: str) -> tuple[str, str]:
    match = _SCP.match(address)
    if match is not None:
        return match["host"], match["path"]
    parts = urlsplit(address)
    host = parts.hostname or ""
    has_port = parts.port is not None and parts.scheme in {"http", "https"}
    return (f"{host}:{parts.port}" if has_port else host), parts.path


def _parse(text: Any) -> Time:
    try:
        return Time.parse(_RFC3339, str(text))
    except ParseError as err:
        raise ExprError(str(err)) from err


def _info_item(app: Any, name: str) -> str:
    """Return one entry of the last operation's `info`, or of the one to come."""
    state = ((app or {}).get("status") or {}).get("operationState") or {}
    operation = (app or {}).get("operation") or state.get("operation") or {}
    for item in operation.get("info") or []:
        if item.get("name") == name:
            return str(item.get("value") or "")
    return ""


def _fact(facts: Facts, name: str, argument: str) -> dict[str, Any]:
    fact = facts.get(fact_key(name, argument))
    if fact is None:
        raise FactNeededError(name, argument)
    if "error" in fact:
        raise ExprError(str(fact["error"]))
    return dict(fact)


def _commit(facts: Facts, revision: str) -> dict[str, Any]:
    fact = _fact(facts, "GetCommitMetadata", revision)
    return {**fact, "Date": _parse(fact["Date"])}


def _details(facts: Facts) -> dict[str, Any]:
    fact = _fact(facts, "GetAppDetails", "")
    helm = fact.get("Helm")
    if not helm:
        return fact
    functions = {
        "GetParameterValueByName": lambda name: _named(helm.get("Parameters"), name, "Value"),
        "GetFileParameterPathByName": lambda name: _named(helm.get("FileParameters"), name, "Path"),
    }
    return {**fact, "Helm": {**helm, **functions}}


def _named(entries: Any, name: str, field: str) -> str:
    return next((str(one[field]) for one in entries or [] if one.get("Name") == name), "")
