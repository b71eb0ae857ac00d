"""What we own and Git no longer asks for.

A field leaves the cluster by leaving Git, because server-side apply removes what its manager
owned and applies no more. So a field that is ours, lacks in target and still stands in live is a
difference. What live has not got any more needs no removing.

Source: Kubernetes API concepts, "Server-Side Apply"; `kubectl apply`, "How apply calculates
differences", for the fields of last-applied-configuration.
"""

from typing import Any

import orjson

from tiphys.engine.diff.lists import KeyedItems, ListRules
from tiphys.engine.diff.paths import Path
from tiphys.engine.diff.values import Difference, same_value
from tiphys.engine.fields import has_keys, parse_key
from tiphys.model.keys import Manifest
from tiphys.model.labels import LAST_APPLIED
from tiphys.structured.pathelement import value_element
from tiphys.structured.types import TypeRef

_BOOKKEEPING = frozenset({("f:metadata", "f:annotations", f"f:{LAST_APPLIED}")})


def no_longer_wanted(fields: Manifest, target: Any, live: Any, path: Path = ()) -> list[Difference]:
    """Return what a FieldsV1 map owns, live has and target lacks.

    Args:
        fields: what is ours at this place.
        target: the wanted value at this place; None is absent.
        live: the value in the cluster at this place.
        path: where this place is.
    """
    found: list[Difference] = []
    for element, below in fields.items():
        if element == ".":
            continue
        live_value = _step(live, element)
        if live_value is None or (*path, element) in _BOOKKEEPING:
            continue
        target_value = _step(target, element)
        here = (*path, element)
        is_whole = not below or (element.startswith("k:") and "." in below)
        if target_value is None and is_whole:
            found.append(Difference(here, None, live_value))
        elif below:
            found += no_longer_wanted(below, target_value, live_value, here)
    return found


def changes_of_owned(
    fields: Manifest, before: Any, after: Any, path: Path = ()
) -> list[Difference]:
    """Return where an object would change in what a FieldsV1 map owns.

    A field that goes may come back with its default; it has changed all the same.

    Args:
        fields: what is ours at this place.
        before: the value now; what is absent now cannot leave.
        after: the value that is predicted; None is absent.
        path: where this place is.
    """
    found: list[Difference] = []
    for element, below in fields.items():
        here = (*path, element)
        old, new = _step(before, element), _step(after, element)
        if element == "." or old is None or here in _BOOKKEEPING:
            continue
        is_whole = not below or (new is None and element.startswith("k:") and "." in below)
        if is_whole and not same_value(old, new):
            found.append(Difference(here, new, old))
        elif not is_whole:
            found += changes_of_owned(below, old, new, here)
    return found


def _step(value: Any, element: str) -> Any:
    kind = element[:2]
    if element == ".":
        return None
    if kind == "f:":
        return value.get(element[2:]) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    if kind == "k:":
        keys = parse_key(element)
        return next((item for item in value if _is_item(item, keys)), None)
    if kind == "v:":
        wanted = parse_key(element)
        return wanted if wanted in value else None
    index = int(element[2:])
    return value[index] if index < len(value) else None


def _is_item(item: Any, keys: Manifest) -> bool:
    if has_keys(item, keys):
        return True
    # Keys that have a default are left out in Git.
    if not isinstance(item, dict) or "protocol" not in keys or "protocol" in item:
        return False
    return has_keys({**item, "protocol": "TCP"}, keys)


def last_applied(live: Manifest) -> Manifest | None:
    """Return what client-side apply wrote last, None when it did not or cannot be read."""
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    text = annotations.get(LAST_APPLIED)
    if not text:
        return None
    try:
        applied = orjson.loads(text)
    except (orjson.JSONDecodeError, TypeError):
        return None
    return applied if isinstance(applied, dict) else None


def no_longer_applied(
    applied: Any, target: Any, live: Any, rules: ListRules, at: tuple[Path, TypeRef | None]
) -> list[Difference]:
    """Return what client-side apply wrote, live still has and target lacks.

    Args:
        applied: the value in last-applied-configuration at this place.
        target: the wanted value at this place; None is absent.
        live: the value in the cluster at this place.
        rules: how lists merge.
        at: where this place is, and its type.
    """
    path, type_ = at
    if applied is None or live is None:
        return []
    if target is None:
        return [Difference(path, None, live)]
    if isinstance(applied, dict) and isinstance(target, dict) and isinstance(live, dict):
        return [
            difference
            for name, value in applied.items()
            if (*path, f"f:{name}") not in _BOOKKEEPING
            for difference in no_longer_applied(
                value,
                target.get(name),
                live.get(name),
                rules,
                ((*path, f"f:{name}"), type_.child(name) if type_ is not None else None),
            )
        ]
    if isinstance(applied, list) and isinstance(target, list) and isinstance(live, list):
        return _no_longer_listed((applied, target, live), rules, at)
    return []


def _no_longer_listed(
    lists: tuple[list[Any], list[Any], list[Any]], rules: ListRules, at: tuple[Path, TypeRef | None]
) -> list[Difference]:
    path, type_ = at
    names = rules.keys_at(path, type_)
    if names is None:
        return _whole_left(lists, path)
    if names == ():
        return _members_left(lists, path)
    applied, target, live = (KeyedItems(items, names, type_).by_key for items in lists)
    element = type_.list.element if type_ is not None and type_.list is not None else None
    return [
        difference
        for key, item in applied.items()
        for difference in no_longer_applied(
            item, target.get(key), live.get(key), rules, ((*path, key), element)
        )
    ]


def _members_left(lists: tuple[list[Any], list[Any], list[Any]], path: Path) -> list[Difference]:
    applied, target, live = lists
    return [
        Difference((*path, value_element(value)), None, value)
        for value in applied
        if value not in target and value in live
    ]


def _whole_left(lists: tuple[list[Any], list[Any], list[Any]], path: Path) -> list[Difference]:
    # A field that left an element of such a list shows only here: live may have it by default.
    applied, target, live = lists
    if same_value(applied, target) or same_value(target, live):
        return []
    return [Difference(path, target, live)]
