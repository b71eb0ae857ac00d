"""Records what a real API server makes of the custom resources in tests/recorded/custom.

Usage: python -m tests.real.harness -- python -m scripts.record_custom
"""

import json
import os
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "recorded" / "custom"
GROUP, KIND = "recorded.example.com", "Thing"
THINGS = f"/apis/{GROUP}/v1/namespaces/default/things"
Json = dict[str, Any]


class Server:
    """The API server that KUBECONFIG names."""

    def __init__(self) -> None:
        config = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
        self.address = config["clusters"][0]["cluster"]["server"]
        self.headers = {
            "Authorization": f"Bearer {config['users'][0]['user']['token']}",
            "Content-Type": "application/json",
        }
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        request = urllib.request.Request(  # the address of our own test server
            self.address + path,
            data=json.dumps(body).encode() if body else None,
            headers=self.headers,
            method=method,
        )
        try:
            with urllib.request.urlopen(request, context=self.context) as answer:  # same
                found: Json = json.load(answer)
        except urllib.error.HTTPError as err:
            text = err.read()
            found = json.loads(text) if text.startswith(b"{") else {"kind": "Status"}
        return found


def definition(schema: Json) -> Json:
    names = {"plural": "things", "singular": "thing", "kind": KIND, "listKind": "ThingList"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def manifest(case: Json, field: str) -> Json:
    spec = {"spec": case[field]} if field in case else {}
    return {"apiVersion": f"{GROUP}/v1", "kind": KIND, "metadata": {"name": "thing"}, **spec}


def answer(server: Server, case: Json) -> Json:
    server.ask("DELETE", f"{THINGS}/thing")
    if "old" in case:
        made = server.ask("POST", THINGS, manifest(case, "old"))
        body = manifest(case, "spec")
        body["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
        found = server.ask("PUT", f"{THINGS}/thing", body)
    else:
        found = server.ask("POST", THINGS, manifest(case, "spec"))
    if found["kind"] == KIND:
        return {"spec": found.get("spec")}
    causes = sorted(
        [cause.get("field", ""), cause.get("reason", ""), cause.get("message", "")]
        for cause in found.get("details", {}).get("causes", ())
    )
    return {"causes": causes, "message": found["message"]}


def main() -> None:
    asked = yaml.safe_load((FOLDER / "cases.yaml").read_text())
    server = Server()
    made = server.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                      definition(asked["schema"]))  # fmt: skip
    if made["kind"] == "Status":
        raise SystemExit(made["message"])
    for _ in range(100):
        if server.ask("GET", THINGS).get("kind") == "ThingList":
            break
        time.sleep(0.1)
    answers = {case["name"]: answer(server, case) for case in asked["cases"]}
    text = json.dumps(answers, indent=1, ensure_ascii=False)
    (FOLDER / "server.json").write_text(text + "\n")
    print(f"{len(answers)} answers")


if __name__ == "__main__":
    main()
