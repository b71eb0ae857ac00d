"""Rows of the catalogue of actions: when an action is there, and what it does.

Source: Argo CD operator manual, "Resource Actions".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from tiphys.engine.actions.changes import Change
from tiphys.engine.actions.records import ActionParameter, Asked
from tiphys.engine.health.rules import Claim, always, unless
from tiphys.model.keys import Manifest

Parameters: TypeAlias = Callable[[Manifest], tuple[ActionParameter, ...]]
Create: TypeAlias = Callable[[Manifest, Asked], Manifest]

PAUSE: Final = "fa fa-fw fa-pause"
PLAY: Final = "fa fa-fw fa-play"
PLUS: Final = "fa fa-fw fa-plus"
STOP: Final = "fa fa-fw fa-stop"

_never: Final = unless(always)


def _no_parameters(_live: Manifest) -> tuple[ActionParameter, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One action of a kind.

    Attributes:
        change: what it changes of the object; None where it creates one.
        create: the object that it creates.
        shown: claims that the object has the action now.
        disabled: claims that it makes no sense now.
        icon: classes of an icon font, as in Argo CD.
        title: for people; empty for the name itself.
    """

    name: str
    change: Change | None = None
    create: Create | None = None
    shown: Claim = always
    disabled: Claim = _never
    icon: str = ""
    title: Callable[[Manifest], str] | str = ""
    parameters: Parameters = _no_parameters

    def title_for(self, live: Manifest) -> str:
        """Return what people read of the action."""
        return self.title if isinstance(self.title, str) else self.title(live)


def offer(name: str, change: Change, *, disabled: Claim = _never) -> Offer:
    """Return the plainest row: an action that is always there."""
    return Offer(name=name, change=change, disabled=disabled)
