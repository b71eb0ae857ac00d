"""What is created below an object: tokens, evictions and the binding of a pod to a node.

Source: Kubernetes API reference, "TokenRequest", "Eviction", "Binding"; "API-initiated Eviction".
"""

from collections.abc import Callable
from typing import Any

from tiphys.sandbox.access.token_requests import token_for
from tiphys.sandbox.access.tokens import Tokens
from tiphys.sandbox.http.bodies import read_body
from tiphys.sandbox.http.requests import Request
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.statuses import StatusError, conflict

_BUDGETS = ("policy", "poddisruptionbudgets")
_FINISHED = frozenset({"Succeeded", "Failed"})
_SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
Manifest = dict[str, Any]


class Subresources:
    """Answers POST to a subresource."""

    def __init__(self, registry: Registry, tokens: Tokens) -> None:
        self._registry, self._tokens = registry, tokens
        self._acts: dict[tuple[str, str], Callable[[Request, Manifest], Manifest]] = {
            ("serviceaccounts", "token"): self._token,
            ("pods", "eviction"): self._evict,
            ("pods", "binding"): self._bind,
        }

    def create(self, request: Request) -> Manifest:
        """Create what is asked for.

        Raises:
            StatusError: it is refused, or the sandbox does not have it.
        """
        act = self._acts.get((request.kind.plural, request.subresource))
        if act is None:
            text = (
                f"the sandbox has no containers: {request.subresource} of a pod is not simulated"
                if request.kind.plural == "pods"
                else "the server does not allow this method on the requested resource"
            )
            raise StatusError(405, "MethodNotAllowed", text, {})
        return act(request, read_body(request).value)

    def _token(self, request: Request, manifest: Manifest) -> Manifest:
        key = (request.namespace, request.name)
        return token_for(self._registry, self._tokens, key, manifest)

    def _evict(self, request: Request, manifest: Manifest) -> Manifest:
        pod = self._registry.get(request.kind, request.namespace, request.name).manifest
        options = dict(manifest.get("deleteOptions") or {})
        phase = (pod.get("status") or {}).get("phase")
        if phase not in _FINISHED and not pod["metadata"].get("deletionTimestamp"):
            self._check_budgets(request, pod)
        if request.write.dry_run:
            options["dryRun"] = ["All"]
        self._registry.delete(request.kind, request.namespace, request.name, options)
        return _SUCCESS

    def _check_budgets(self, request: Request, pod: Manifest) -> None:
        """Refuse what a PodDisruptionBudget does not allow."""
        labels = pod["metadata"].get("labels") or {}
        for (_, name), stored in self._registry.store.all(_BUDGETS, request.namespace):
            budget = stored.manifest
            wanted = (budget["spec"].get("selector") or {}).get("matchLabels") or {}
            if not wanted or any(labels.get(key) != value for key, value in wanted.items()):
                continue
            status = budget.get("status") or {}
            if status.get("disruptionsAllowed", 0) > 0:
                continue
            needed, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
            text = (
                f"The disruption budget {name} needs {needed} healthy pods and has {healthy} "
                "currently"
            )
            details = {"causes": [{"reason": "DisruptionBudget", "message": text}]}
            message = "Cannot evict pod as it would violate the pod's disruption budget."
            raise StatusError(429, "TooManyRequests", message, details)

    def _bind(self, request: Request, manifest: Manifest) -> Manifest:
        node = (manifest.get("target") or {}).get("name", "")
        key = (request.namespace, request.name)
        pod = self._registry.get(request.kind, *key).manifest
        bound = pod["spec"].get("nodeName")
        if bound:
            text = f'pod {request.name} is already assigned to node "{bound}"'
            raise conflict("pods/binding", "", request.name, text)
        self._registry.patch(
            request.kind,
            key,
            lambda live: {**live, "spec": {**live["spec"], "nodeName": node}},
            request.write,
        )
        return _SUCCESS
