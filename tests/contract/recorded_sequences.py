"""Sequences of writes whose answers were recorded off a real API server.

`python -m tests.contract.recorded_sequences` records them anew off the server that
TIPHYS_TEST_KUBECONFIG names: the same sequences as long as `random_writes` and hypothesis stay as
they are. The contract suite holds them against whatever server it runs on, the unit tests of
`structured` hold them against its functions.
"""

import json
import os
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from tests.contract.cluster import Cluster
from tests.contract.random_writes import sequences
from tests.contract.sequences import API_VERSIONS, places, play

TARGET = Path(__file__).resolve().parent.parent / "recorded" / "sequences" / "server.json.zlib"
_DRAWN, _KEPT, _LENGTH = 400, 60, 4
Json = dict[str, Any]


def recorded() -> list[Json]:
    """Return the sequences, each with its `outcomes`."""
    document: Json = json.loads(zlib.decompress(TARGET.read_bytes()))
    found: list[Json] = document["sequences"]
    return found


def _drawn(kind: str) -> list[Json]:
    """Return long sequences of a kind: every third of the last drawn, neighbours are much alike."""
    found: list[Json] = []

    @settings(
        max_examples=_DRAWN, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(sequences(kind))
    def draw(sequence: Json) -> None:
        if len(sequence["steps"]) >= _LENGTH:
            found.append(sequence)

    draw()
    return found[-3 * _KEPT :: 3]


def main() -> None:
    cluster = Cluster(Path(os.environ["TIPHYS_TEST_KUBECONFIG"]))
    answered = [
        {**sequence, "outcomes": play(place, sequence)}
        for place in places(cluster)
        for kind in API_VERSIONS
        for sequence in _drawn(kind)
    ]
    document = {
        "recorded_from": cluster.get("/version").json["gitVersion"],
        "recorded_at": datetime.now(UTC).date().isoformat(),
        "sequences": answered,
    }
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(zlib.compress(text.encode(), 9))
    cluster.close()


if __name__ == "__main__":
    main()
