"""Gateway API, Gloo, Contour, Istio, OpenShift routes: what brings requests in.

Source: Gateway API, "Implementer's guide", conditions and observedGeneration; Gloo, Contour, Istio
operator and OpenShift Route, status of their resources.
"""

from collections.abc import Callable, Iterable
from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    UNKNOWN,
    Check,
    Claim,
    Row,
    absent,
    always,
    check,
    claim,
    condition,
    entries,
    get,
)
from tiphys.engine.health.shapes import has_stale_condition, is_stale, words
from tiphys.model.keys import Manifest

Group = list[Manifest]
"""The conditions that one parent, ancestor or listener has."""

_OBSERVED: Final = "observedGeneration"


def _says(conditions: Group, type_: str, *statuses: str) -> bool:
    return any(e.get("type") == type_ and e.get("status") in statuses for e in conditions)


def _any(groups: Callable[[Manifest], Iterable[Group]], type_: str, *statuses: str) -> Claim:
    text = f"condition `{type_}` of any of them is {' or '.join(statuses)}"
    return Claim(
        lambda live: any(_says(group, type_, *statuses) for group in groups(live)),
        text,
    )


def _groups(path: str) -> Callable[[Manifest], list[Group]]:
    return lambda live: [entries(entry, "conditions") for entry in entries(live, path)]


_listeners: Final = _groups("status.listeners")

_gateway: Final = check(
    Row(condition("ResolvedRefs", "False"), DEGRADED, "{condition:ResolvedRefs}"),
    Row(condition("Accepted", "False"), DEGRADED, "{condition:Accepted}"),
    Row(condition("Programmed", "False", "Unknown"), PROGRESSING, "{condition:Programmed}"),
    Row(_any(_listeners, "ResolvedRefs", "False"), DEGRADED, "a listener's references fail"),
    Row(_any(_listeners, "Accepted", "False"), DEGRADED, "a listener is not accepted"),
    Row(
        _any(_listeners, "Programmed", "False", "Unknown"),
        PROGRESSING,
        "a listener is not programmed yet",
    ),
    Row(
        claim("`status.conditions` or `status.listeners` is set")(
            lambda live: get(live, "status.conditions") is not None or bool(_listeners(live))
        ),
        HEALTHY,
        "{condition:Programmed}",
    ),
    Row(always, PROGRESSING, "Waiting for the Gateway's status"),
)


@claim("condition `Accepted` has the `observedGeneration` of another spec")
def _is_accepted_of_old(live: Manifest) -> bool:
    generation = get(live, "metadata.generation")
    accepted = [e for e in entries(live, "status.conditions") if e.get("type") == "Accepted"]
    return bool(accepted) and all(is_stale(e, generation) for e in accepted)


_gateway_class: Final = check(
    Row(_is_accepted_of_old, PROGRESSING, "Waiting for the latest change to be observed"),
    Row(condition("Accepted", "True"), HEALTHY, "{condition:Accepted}"),
    Row(condition("Accepted", "False"), DEGRADED, "{condition:Accepted}"),
    Row(always, PROGRESSING, "{condition:Accepted}"),
)

_listener_set: Final = check(
    Row(has_stale_condition, PROGRESSING, "Waiting for the latest change to be observed"),
    Row(condition("Accepted", "False"), DEGRADED, "{condition:Accepted}"),
    Row(condition("Programmed", "False", "Unknown"), PROGRESSING, "{condition:Programmed}"),
    Row(_any(_listeners, "ResolvedRefs", "False"), DEGRADED, "a listener's references fail"),
    Row(_any(_listeners, "Conflicted", "True"), DEGRADED, "a listener conflicts with another"),
    Row(_any(_listeners, "Accepted", "False"), DEGRADED, "a listener is not accepted"),
    Row(
        _any(_listeners, "Programmed", "False", "Unknown"),
        PROGRESSING,
        "a listener is not programmed yet",
    ),
    Row(absent("status.conditions"), PROGRESSING, "Waiting for the ListenerSet's status"),
    Row(always, HEALTHY),
)


def _strict_parents(live: Manifest) -> list[Group]:
    """Parents that have looked at this generation: one of their conditions says so."""
    generation = get(live, "metadata.generation")
    return [
        group
        for group in _groups("status.parents")(live)
        if group and (generation is None or any(e.get(_OBSERVED) == generation for e in group))
    ]


def _fresh_parents(live: Manifest) -> list[Group]:
    """Parents of which no condition says that it is about another generation."""
    generation = get(live, "metadata.generation")
    return [
        group
        for group in _groups("status.parents")(live)
        if group and not any(is_stale(e, generation) for e in group)
    ]


def _route(parents: Callable[[Manifest], list[Group]], settled: Claim) -> Check:
    return check(
        Row(_any(parents, "ResolvedRefs", "False"), DEGRADED, "a reference cannot be resolved"),
        Row(_any(parents, "Accepted", "False"), DEGRADED, "a parent does not accept the route"),
        Row(_any(parents, "Reconciled", "False"), DEGRADED, "a parent cannot reconcile the route"),
        Row(_any(parents, "Programmed", "False", "Unknown"), PROGRESSING, "not programmed yet"),
        Row(settled, HEALTHY, "accepted"),
        Row(always, PROGRESSING, "Waiting for a parent to accept the route"),
    )


_http_route: Final = _route(
    _strict_parents,
    claim("a parent has looked at this generation")(lambda live: bool(_strict_parents(live))),
)
_tls_route: Final = _route(
    _fresh_parents,
    claim("a parent says that it is accepted and its references resolve")(
        lambda live: any(
            _says(group, "Accepted", "True") and _says(group, "ResolvedRefs", "True")
            for group in _fresh_parents(live)
        )
    ),
)


def _responsible(live: Manifest) -> list[Group]:
    """Ancestors' conditions, without those of controllers that do not know the target."""
    return [
        group
        for group in _groups("status.ancestors")(live)
        if not any(
            e.get("type") == "Accepted"
            and e.get("status") != "True"
            and e.get("reason") == "TargetNotFound"
            for e in group
        )
    ]


@claim("an ancestor's condition has the `observedGeneration` of another spec")
def _has_stale_ancestors(live: Manifest) -> bool:
    generation = get(live, "metadata.generation")
    return any(
        is_stale(e, generation) for group in _groups("status.ancestors")(live) for e in group
    )


_backend_tls_policy: Final = check(
    Row(_has_stale_ancestors, PROGRESSING, "Waiting for the latest change to be observed"),
    Row(_any(_responsible, "Accepted", "False", "Unknown"), DEGRADED, "not accepted"),
    Row(_any(_responsible, "ResolvedRefs", "False", "Unknown"), DEGRADED, "references fail"),
    Row(_any(_responsible, "Accepted", "True"), HEALTHY, "accepted"),
    Row(always, PROGRESSING, "Waiting for the policy's status"),
)

_GLOO_STATES: Final = {"Pending": 0, "Accepted": 1, "Rejected": 2, "Warning": 3}


def _gloo_states(live: Manifest) -> list[int]:
    """The state of the object itself, and what each namespace's controller says of it."""
    by_namespace = get(live, "status.statuses")
    found = [*(by_namespace or {}).values()] if isinstance(by_namespace, dict) else []
    states = [entry.get("state") for entry in (*found, live.get("status") or {})]
    return [
        _GLOO_STATES.get(str(state), int(state) if str(state).isdecimal() else -1)
        for state in states
        if state is not None
    ]


def _gloo_is(*states: str) -> Claim:
    wanted = {_GLOO_STATES[state] for state in states}
    return Claim(
        lambda live: not wanted.isdisjoint(_gloo_states(live)),
        f"a status is {' or '.join(states)}",
    )


def _gloo(pending: Row) -> Check:
    return check(
        Row(_gloo_is("Warning", "Rejected"), DEGRADED, "{status.reason}"),
        pending,
        Row(_gloo_is("Accepted"), HEALTHY, "accepted"),
        Row(always, PROGRESSING, "Waiting for the validation"),
    )


_gloo_gateway: Final = _gloo(Row(_gloo_is("Pending"), SUSPENDED, "not validated yet"))
_gloo_proxy: Final = _gloo(Row(_gloo_is("Pending"), PROGRESSING, "not validated yet"))

_ingresses: Final = _groups("status.ingress")


@claim("`status.ingress` is there and each admits the route")
def _is_admitted_by_all(live: Manifest) -> bool:
    groups = _ingresses(live)
    return get(live, "status.ingress") is not None and all(
        _says(group, "Admitted", "True") for group in groups
    )


def _contour_says(status: str) -> Claim:
    def holds(live: Manifest) -> bool:
        generation = get(live, "metadata.generation")
        return any(
            entry.get("type") == "Valid"
            and entry.get("status") == status
            and entry.get(_OBSERVED) == generation
            for entry in entries(live, "status.conditions")
        )

    return Claim(holds, f"condition `Valid` is {status}, of this generation")


_contour: Final = check(
    Row(_contour_says("True"), HEALTHY, "{status.description|condition:Valid}"),
    Row(_contour_says("False"), DEGRADED, "{status.description|condition:Valid}"),
    Row(always, PROGRESSING, "{status.description}"),
)

KINDS: Final[dict[str, Check]] = {
    "gateway.networking.k8s.io/BackendTLSPolicy": _backend_tls_policy,
    "gateway.networking.k8s.io/Gateway": _gateway,
    "gateway.networking.k8s.io/GatewayClass": _gateway_class,
    "gateway.networking.k8s.io/GRPCRoute": _http_route,
    "gateway.networking.k8s.io/HTTPRoute": _http_route,
    "gateway.networking.k8s.io/ListenerSet": _listener_set,
    "gateway.networking.k8s.io/TCPRoute": _tls_route,
    "gateway.networking.k8s.io/TLSRoute": _tls_route,
    "gateway.networking.k8s.io/UDPRoute": _tls_route,
    "gateway.solo.io/MatchableHttpGateway": _gloo_gateway,
    "gateway.solo.io/RouteOption": _gloo_gateway,
    "gateway.solo.io/RouteTable": _gloo_gateway,
    "gateway.solo.io/VirtualService": _gloo_proxy,
    "gloo.solo.io/Upstream": _gloo_proxy,
    "install.istio.io/IstioOperator": words(
        "status.status",
        {HEALTHY: ("HEALTHY", 3), DEGRADED: ("ERROR", 4), UNKNOWN: ("NONE", 0)},
    ),
    "kiali.io/Kiali": check(
        Row(condition("Successful", "True"), HEALTHY, "{condition:Successful}"),
        Row(condition("Failure", "True"), DEGRADED, "{condition:Failure}"),
        Row(always, PROGRESSING, "{condition:Running}"),
    ),
    "projectcontour.io/ExtensionService": _contour,
    "projectcontour.io/HTTPProxy": _contour,
    "route.openshift.io/Route": check(
        Row(_is_admitted_by_all, HEALTHY),
        Row(_any(_ingresses, "Admitted", "False"), DEGRADED, "an ingress does not admit it"),
        Row(always, PROGRESSING, "Waiting for an ingress to admit it"),
    ),
    "operator.openshift.io/IngressController": check(
        Row(condition("Degraded", "True"), DEGRADED, "{condition:Degraded}"),
        Row(
            condition("DeploymentReplicasAllAvailable", "False"),
            PROGRESSING,
            "{condition:DeploymentReplicasAllAvailable}",
        ),
        Row(condition("Progressing", "True"), PROGRESSING, "{condition:Progressing}"),
        Row(condition("Available", "True"), HEALTHY),
        Row(always, PROGRESSING, "Waiting for condition Available"),
    ),
}
