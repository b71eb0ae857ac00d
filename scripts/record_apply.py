"""Records what a real API server makes of the writes in tests/recorded/apply.

Usage: python -m tests.real.harness -- python -m scripts.record_apply
"""

import json
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from scripts.record_custom import Server

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "recorded" / "apply"
CONTENT = {"apply": "application/apply-patch+yaml", "merge": "application/merge-patch+json"}
Json = dict[str, Any]


def write(server: Server, path: str, step: Json) -> Json:
    sub = f"/{step['subresource']}" if "subresource" in step else ""
    query = f"?fieldManager={quote(step['manager'])}"
    server.headers["Content-Type"] = CONTENT.get(step["op"], "application/json")
    if step["op"] == "update":
        return server.ask("POST", path.rpartition("/")[0] + query, step["object"])
    if step.get("force"):
        query += "&force=true"
    return server.ask("PATCH", path + sub + query, step["object"])


def main() -> None:
    asked = yaml.safe_load((FOLDER / "cases.yaml").read_text())
    server = Server()
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    server.ask("POST", "/api/v1/namespaces/default/serviceaccounts", account)
    exchanges = []
    for case in asked:
        for number, step in enumerate(case["steps"]):
            before = server.ask("GET", case["path"])
            after = write(server, case["path"], step)
            if step.get("subresource") == "scale" and after["kind"] == "Scale":
                after = server.ask("GET", case["path"])
            known = None if before.get("kind") == "Status" else before
            exchanges.append(
                {"name": f"{case['name']} {number}", "before": known, "step": step, "after": after}
            )
    text = json.dumps(exchanges, separators=(",", ":"), ensure_ascii=False)
    (FOLDER / "server.json.zlib").write_bytes(zlib.compress(text.encode(), 9))
    print(f"{len(exchanges)} exchanges")


if __name__ == "__main__":
    main()
