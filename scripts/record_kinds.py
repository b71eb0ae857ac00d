"""Records which kinds a real API server serves, as data for the sandbox.

Usage: python -m tests.real.harness -- python scripts/record_kinds.py
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.e2e.api import Api

TARGET = Path(__file__).resolve().parent.parent / "src/tiphys/sandbox/data/kinds.json"
LEFT_OUT = {"apiregistration.k8s.io"}


def _served(resource: dict[str, Any]) -> dict[str, Any]:
    """Return what a subresource answers with, and to which verbs."""
    return {n: resource[n] for n in ("kind", "verbs", "group", "version") if n in resource}


def main() -> None:
    """Write the data file."""
    api = Api(Path(os.environ["TIPHYS_TEST_KUBECONFIG"]))
    groups = [("", "v1")]
    for group in api.request("GET", "/apis")["groups"]:
        is_built_in = "." not in group["name"] or group["name"].endswith(".k8s.io")
        if is_built_in and group["name"] not in LEFT_OUT:
            groups += [(group["name"], version["version"]) for version in group["versions"]]
    kinds: list[dict[str, Any]] = []
    for group_name, version_name in groups:
        root = f"/apis/{group_name}/{version_name}" if group_name else f"/api/{version_name}"
        resources = api.request("GET", root)["resources"]
        for resource in resources:
            name, _, subresource = resource["name"].partition("/")
            if subresource:
                place = (name, group_name, version_name)
                owner = next(
                    (k for k in kinds if (k["plural"], k["group"], k["version"]) == place), None
                )
                if owner is not None:
                    owner["subresources"].append(subresource)
                    owner["served"][subresource] = _served(resource)
                continue
            kinds.append(
                {
                    "group": group_name,
                    "version": version_name,
                    "kind": resource["kind"],
                    "plural": name,
                    "singular": resource["singularName"],
                    "namespaced": resource["namespaced"],
                    "verbs": resource["verbs"],
                    "short_names": resource.get("shortNames", []),
                    "categories": resource.get("categories", []),
                    "subresources": [],
                    "served": {},
                }
            )
    version = api.request("GET", "/version")["gitVersion"]
    lines = ",\n".join(json.dumps(kind, separators=(",", ":")) for kind in kinds)
    TARGET.write_text(f'{{"recorded_from":"{version}","kinds":[\n{lines}\n]}}\n')
    print(f"{len(kinds)} kinds of {version}")


if __name__ == "__main__":
    main()
