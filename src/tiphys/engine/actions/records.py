"""What an action is, and what running one comes to.

Source: Argo CD operator manual, "Resource Actions"; its API, `ResourceAction`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest


class ActionParameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value that a person gives when running an action."""

    name: str
    default: str = ""


class ResourceAction(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An action that a resource has now; the field names are those of Argo CD's API."""

    name: str
    params: tuple[ActionParameter, ...] = ()
    disabled: bool = False
    icon_class: str = ""
    display_name: str = ""


class Impact(NamedTuple):
    """One object to write.

    Attributes:
        operation: "patch" for the resource that the action runs on, "create" for a new object.
        manifest: the whole object as it shall be.
    """

    operation: Literal["create", "patch"]
    manifest: Manifest


class Asked(NamedTuple):
    """What a person asks for when running an action.

    Attributes:
        parameters: what they gave, by name.
        now: aware, for time stamps and names.
    """

    parameters: Mapping[str, str]
    now: datetime


class ActionError(InvalidInputError):
    """A resource has no such action, or the action cannot be run so."""

    reason = "ActionFailed"
