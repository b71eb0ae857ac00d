"""Which elements of two lists belong together, where no schema says by which keys.

An atomic list is owned and replaced as one value, so whoever wants to keep a part of what is live
has to find that part again in what Git wants.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

# By these people tell elements apart, whatever the schema says; else their place tells.
_IDENTITIES: Final = ("name", "key", "id")


class Removed:
    """Stands for an element that was taken out of a list."""


REMOVED: Final = Removed()


def survivors(full: Sequence[Any], stripped: Sequence[Any]) -> list[Any]:
    """Return what became of each element of a list when ignored parts were taken out.

    Args:
        full: the list before.
        stripped: the list after: some elements are gone, others have lost parts.

    Returns:
        As long as `full`: the element as it is left, or REMOVED.
    """
    found: list[Any] = []
    place = 0
    for position, element in enumerate(full):
        left = len(stripped) - place
        must_stay = len(full) - position == left
        if left and (must_stay or _is_part(stripped[place], element)):
            found.append(stripped[place])
            place += 1
        else:
            found.append(REMOVED)
    return found


def _is_part(part: Any, whole: Any) -> bool:
    """Return whether a value can be another one without some of its parts."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _is_part(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        left = survivors(whole, part)
        kept = [pair for pair in zip(left, whole, strict=True) if pair[0] is not REMOVED]
        return len(kept) == len(part) and all(_is_part(*pair) for pair in kept)
    return bool(part == whole) and isinstance(part, bool) == isinstance(whole, bool)


class Element(NamedTuple):
    """An element before and after what is ignored was taken out."""

    full: Any
    left: Any


def counterparts(wanted: Sequence[Element], live: Sequence[Element]) -> list[Element | None]:
    """Return the live element for each wanted one, None for one that is new.

    Args:
        wanted: elements of which something is left.
        live: likewise.
    """
    name = _identity([*wanted], [*live])
    if name is None:
        return [live[place] if place < len(live) else None for place in range(len(wanted))]
    by_identity = {element.full[name]: element for element in live}
    return [by_identity.get(element.full[name]) for element in wanted]


def _identity(*sides: Sequence[Element]) -> str | None:
    return next((name for name in _IDENTITIES if all(_tells(name, side) for side in sides)), None)


def _tells(name: str, elements: Sequence[Element]) -> bool:
    values = [
        element.full.get(name) if isinstance(element.full, dict) else None for element in elements
    ]
    return all(isinstance(value, str) for value in values) and len(set(values)) == len(values)
