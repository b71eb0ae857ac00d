"""Fields of the status that the schema of Argo CD's resource requires, even when they are empty.

Who comes from Argo CD keeps its definitions; a write that lacks one of these is refused there.
"""

import msgspec
import pytest

from tiphys.model.application import ComparedTo, Condition
from tiphys.model.operation import (
    Info,
    ResourceResult,
    SyncOperationResource,
    SyncOperationResult,
)
from tiphys.model.source import ApplicationSource, EnvEntry, JsonnetVar


@pytest.mark.parametrize(
    ("record", "required"),
    [
        (ApplicationSource(), {"repoURL"}),
        (JsonnetVar(name="size"), {"name", "value"}),
        (EnvEntry(name="SIZE"), {"name", "value"}),
        (Info(), {"name", "value"}),
        (SyncOperationResource(), {"kind", "name"}),
        (SyncOperationResult(), {"revision"}),
        (ResourceResult(), {"group", "version", "kind", "namespace", "name"}),
        (ComparedTo(), {"destination"}),
        (Condition(type="SyncError"), {"type", "message"}),
    ],
)
def test_a_required_field_is_written_though_it_is_empty(
    record: msgspec.Struct, required: set[str]
) -> None:
    assert set(msgspec.to_builtins(record)) == required
