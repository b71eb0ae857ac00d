"""Which host a delivery comes from, by its headers, in the order in which Argo CD looks."""

from collections.abc import Callable, Mapping

from tiphys.model.errors import InvalidInputError
from tiphys.model.push import PushEvent
from tiphys.server.webhooks import azure, bitbucket, github, gitlab, registries
from tiphys.server.webhooks.delivery import WHERE, Delivery

Parser = Callable[[Delivery], tuple[PushEvent, ...] | None]
"""Returns the pushes of a delivery, none for an event of no interest, None for another host's."""

_PARSERS: tuple[Parser, ...] = (
    azure.pushes,
    github.gogs_pushes,
    registries.github_packages,
    github.pushes,
    gitlab.pushes,
    bitbucket.cloud_pushes,
    bitbucket.server_pushes,
    registries.harbor_artifacts,
)


def parse_webhook(
    headers: Mapping[str, str], body: bytes, *, secrets: Mapping[str, str]
) -> tuple[PushEvent, ...]:
    """Return the pushes that a request reports; none for a known event that is of no interest.

    Args:
        headers: the request's headers, names in lower case.
        body: the request's body as it came, for its signature.
        secrets: data of `argocd-secret`; an empty `webhook.*` means that nothing is checked.

    Raises:
        InvalidInputError: no known host sent it, it does not prove that, or it is not understood.
    """
    delivery = Delivery(headers=headers, body=body, secrets=secrets)
    for parse in _PARSERS:
        try:
            pushes = parse(delivery)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as err:
            raise InvalidInputError("the push names no repository or ref", where=WHERE) from err
        if pushes is not None:
            return pushes
    raise InvalidInputError("Unknown webhook event", where=WHERE)
