"""Logs of simulated pods: what their annotation says, else a line for each thing that happened.

Source: Kubernetes API reference, "read log of the specified Pod".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tiphys.sandbox.problems import Problem, invalid_value
from tiphys.sandbox.statuses import bad_request, invalid

LOG_ANNOTATION = "sandbox.tiphys.dev/log"
_NUMBERS = ("sinceSeconds", "tailLines", "limitBytes")


def pod_log(pod: dict[str, Any], query: Mapping[str, str]) -> str:
    """Return the log of a pod's container.

    Raises:
        StatusError: an option is malformed, or there is no such container, or there are several.
    """
    name = pod["metadata"]["name"]
    if problems := list(_problems(_numbers(query), query)):
        raise invalid("PodLogOptions", "", name, problems)
    container = _container(pod, query.get("container", ""))
    lines = _text(pod, container).rstrip("\n").split("\n")
    tail, limit = query.get("tailLines"), query.get("limitBytes")
    if tail:
        lines = lines[len(lines) - min(int(tail), len(lines)) :]
    text = "\n".join(lines) + "\n" if lines else ""
    return text.encode()[: int(limit)].decode(errors="ignore") if limit else text


def _numbers(query: Mapping[str, str]) -> dict[str, int]:
    found = {}
    for name in _NUMBERS:
        text = query.get(name)
        if text:
            try:
                found[name] = int(text)
            except ValueError as err:
                what = f'strconv.ParseInt: parsing "{text}": invalid syntax'
                raise bad_request(what) from err
    return found


def _problems(numbers: Mapping[str, int], query: Mapping[str, str]) -> Iterator[Problem]:
    if numbers.get("tailLines", 0) < 0:
        text = "must be greater than or equal to 0"
        yield invalid_value("tailLines", str(numbers["tailLines"]), text)
    if numbers.get("limitBytes", 1) < 1:
        yield invalid_value("limitBytes", str(numbers["limitBytes"]), "must be greater than 0")
    if "sinceSeconds" in numbers and query.get("sinceTime"):
        text = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        yield "[]", "FieldValueForbidden", text
    elif numbers.get("sinceSeconds", 1) < 1:
        yield invalid_value("sinceSeconds", str(numbers["sinceSeconds"]), "must be greater than 0")


def _container(pod: dict[str, Any], wanted: str) -> dict[str, Any]:
    name, spec = pod["metadata"]["name"], pod["spec"]
    containers = spec.get("containers") or []
    others = [*(spec.get("initContainers") or ()), *(spec.get("ephemeralContainers") or ())]
    if not wanted and len(containers) > 1:
        names = " ".join(container["name"] for container in containers)
        what = f"a container name must be specified for pod {name}, choose one of: [{names}]"
        if init := spec.get("initContainers"):
            names = " ".join(container["name"] for container in init)
            what += f" or one of the init containers: [{names}]"
        raise bad_request(what)
    for container in [*containers, *others]:
        if container["name"] == wanted or not wanted:
            found: dict[str, Any] = container
            return found
    raise bad_request(f"container {wanted} is not valid for pod {name}")


def _text(pod: dict[str, Any], container: dict[str, Any]) -> str:
    said = (pod["metadata"].get("annotations") or {}).get(LOG_ANNOTATION)
    if said is not None:
        return str(said)
    name, phase = container["name"], (pod.get("status") or {}).get("phase", "Pending")
    return f"{name}: started {container.get('image', '')}\n{name}: simulated, the pod is {phase}"
