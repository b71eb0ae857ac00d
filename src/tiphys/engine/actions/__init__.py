"""Actions on resources: restart, pause, scale, run now; rows are data, see `catalogue`."""

from tiphys.engine.actions.records import (
    ActionError,
    ActionParameter,
    Asked,
    Impact,
    ResourceAction,
)
from tiphys.engine.actions.resource import available_actions, run_action
from tiphys.engine.actions.scripted import discovered, scripted_impacts

__all__ = [
    "ActionError",
    "ActionParameter",
    "Asked",
    "Impact",
    "ResourceAction",
    "available_actions",
    "discovered",
    "run_action",
    "scripted_impacts",
]
