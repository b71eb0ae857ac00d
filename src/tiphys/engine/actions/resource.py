"""The actions of one resource, and what running one of them comes to.

Source: Argo CD operator manual, "Resource Actions". Like there, an action that is disabled now can
still be run: what it does is then mostly nothing.
"""

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from tiphys.engine.actions.catalogue import CATALOGUE
from tiphys.engine.actions.offers import Offer
from tiphys.engine.actions.records import ActionError, Asked, Impact, ResourceAction
from tiphys.model.keys import Manifest, gvk_of

_SHAPES: Final = (AttributeError, TypeError, ValueError, KeyError, IndexError)


def available_actions(live: Manifest) -> tuple[ResourceAction, ...]:
    """Return the built-in actions that a live object has now, sorted by name."""
    shown = (offer for offer in _offers(live) if offer.shown(live))
    return tuple(sorted((_action(offer, live) for offer in shown), key=lambda a: a.name))


def _action(offer: Offer, live: Manifest) -> ResourceAction:
    return ResourceAction(
        name=offer.name,
        params=offer.parameters(live),
        disabled=offer.disabled(live),
        icon_class=offer.icon,
        display_name=offer.title_for(live),
    )


def run_action(
    name: str, live: Manifest, parameters: Mapping[str, str], now: datetime
) -> tuple[Impact, ...]:
    """Return what a built-in action changes or creates; the object itself is not altered.

    Args:
        name: of an action of the object's kind.
        live: as the cluster returned it.
        parameters: what the caller gave, by name.
        now: aware, in UTC.

    Raises:
        ActionError: the kind has no such action, a parameter is wrong, or the object is not shaped
            as its kind says.
    """
    offer = next((offer for offer in _offers(live) if offer.name == name), None)
    if offer is None:
        raise ActionError(f"`{gvk_of(live).group_kind}` has no action `{name[:80]}`")
    asked = Asked(parameters, now)
    try:
        if offer.create is not None:
            return (Impact("create", offer.create(copy.deepcopy(live), asked)),)
        wanted = copy.deepcopy(live)
        if offer.change is not None:
            offer.change(wanted, asked)
    except _SHAPES as err:
        raise ActionError(f"action `{name}`: the object has an unexpected shape: {err}") from err
    return (Impact("patch", wanted),)


def _offers(live: Manifest) -> tuple[Offer, ...]:
    return CATALOGUE.get(str(gvk_of(live).group_kind), ())
