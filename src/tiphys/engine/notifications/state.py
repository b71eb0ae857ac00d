"""What has been delivered: the annotation on the Application that survives everything.

A key names one message to one destination. Argo CD's form is kept, so that moving from one to the
other sends nothing twice. A second annotation holds what could not be delivered, and why.

Source: Argo CD's notifications engine, the annotation `notified.notifications.argoproj.io`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from tiphys.engine.notifications.configuration import Destination
from tiphys.model.source import Record

NOTIFIED: Final = "notified.notifications.argoproj.io"
FAILED: Final = "failed.notifications.argoproj.io"
STATE_ANNOTATIONS: Final = frozenset({NOTIFIED, FAILED})
MAX_ENTRIES: Final = 100


class Failure(Record, frozen=True):
    """A delivery that did not succeed so far.

    Attributes:
        at: of the last attempt, in seconds since 1970.
        attempts: how many there were.
        error: why, in one line without secrets.
        not_before: when the service wants to be asked again; 0 when it has not said.
    """

    at: int
    attempts: int
    error: str = ""
    not_before: int = 0


class DeliveryState(msgspec.Struct, frozen=True, kw_only=True):
    """What an Application's annotations tell.

    Attributes:
        sent: seconds since 1970 by key.
        failed: by key.
    """

    sent: Mapping[str, int] = {}
    failed: Mapping[str, Failure] = {}


def state_key(
    trigger: str, condition: str, once_per: str, destination: Destination, namespace: str = ""
) -> str:
    """Return the key of one message to one destination.

    Args:
        trigger: its name.
        condition: from `Condition.key`.
        once_per: the value of `oncePer`; "" when there is none.
        destination: where it goes.
        namespace: of a self-service configuration; "" for the central one.
    """
    key = f"{trigger}:{condition}:{destination.service}:{destination.recipient}"
    key = f"{once_per}:{key}" if once_per else key
    return f"{namespace}:{key}" if namespace else key


def read_state(annotations: Mapping[str, str]) -> DeliveryState:
    """Return what annotations tell; those that are not understood tell nothing."""
    sent = _decoded(annotations.get(NOTIFIED, ""))
    failed: dict[str, Failure] = {}
    for key, value in _decoded(annotations.get(FAILED, "")).items():
        try:
            failed[key] = msgspec.convert(value, Failure)
        except msgspec.ValidationError:
            continue
    return DeliveryState(
        sent={key: int(at) for key, at in sent.items() if isinstance(at, (int, float))},
        failed=failed,
    )


def _decoded(text: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text) if text else {}
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def annotations_of(state: DeliveryState) -> dict[str, str | None]:
    """Return the annotations that say a state; None for one that is to be removed.

    Of each only the latest 100 entries are kept.
    """
    sent = sorted(state.sent.items(), key=lambda entry: (entry[1], entry[0]))[-MAX_ENTRIES:]
    failed = sorted(state.failed.items(), key=lambda entry: (entry[1].at, entry[0]))[-MAX_ENTRIES:]
    return {
        NOTIFIED: _encoded(dict(sent)) if sent else None,
        FAILED: _encoded(dict(failed)) if failed else None,
    }


def _encoded(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def changed(
    state: DeliveryState,
    *,
    sent: Mapping[str, int] | None = None,
    failed: Mapping[str, Failure] | None = None,
    forgotten: Iterable[str] = (),
) -> DeliveryState:
    """Return a state with news in it.

    Args:
        state: so far.
        sent: what was delivered now; it has not failed any more.
        failed: what could not be delivered now.
        forgotten: keys whose condition does not hold any more.
    """
    gone = set(forgotten)
    delivered = {**state.sent, **(sent or {})}
    broken = {**state.failed, **(failed or {})}
    return DeliveryState(
        sent={key: at for key, at in delivered.items() if key not in gone},
        failed={
            key: failure
            for key, failure in broken.items()
            if key not in gone and key not in (sent or {})
        },
    )
