"""Actions on resources: restart, pause, scale, run now; rows are data, see `catalogue`."""

from tiphys.engine.actions.records import (
    ActionError,
    ActionParameter,
    Asked,
    Impact,
    ResourceAction,
)
from tiphys.engine.actions.resource import available_actions, run_action

__all__ = [
    "ActionError",
    "ActionParameter",
    "Asked",
    "Impact",
    "ResourceAction",
    "available_actions",
    "run_action",
]
