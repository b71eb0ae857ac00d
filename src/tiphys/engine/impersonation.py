"""Who a sync acts as in the destination cluster, where a project names accounts for that.

Source: Argo CD operator manual, "Application Sync using impersonation".
"""

from tiphys.engine.globs import matches
from tiphys.model.errors import InvalidInputError
from tiphys.model.project import AppProjectSpec


def acting_user(project: AppProjectSpec, server: str, namespace: str) -> str | None:
    """Return the user name of the service account for a destination; the first match counts.

    Args:
        project: names the accounts; one without a namespace is in the destination's.
        server: of the destination cluster.
        namespace: of the destination.

    Returns:
        None when the project names no account for this destination.

    Raises:
        InvalidInputError: the account is empty, or holds more than a namespace and a name.
    """
    for entry in project.destination_service_accounts:
        if matches(entry.server, server) and matches(entry.namespace, namespace):
            return _user_name(entry.default_service_account, namespace)
    return None


def no_account(server: str, namespace: str) -> InvalidInputError:
    """Return the error of a destination for which a project must name an account and does not."""
    return InvalidInputError(
        f"no matching service account found for destination server {server} and namespace "
        f"{namespace}",
        hint="Add one to `destinationServiceAccounts` of the project.",
    )


def _user_name(account: str, namespace: str) -> str:
    parts = account.split(":")
    if len(parts) > 2 or not all(parts) or any(sign in account for sign in "*!{}[]"):
        raise InvalidInputError(
            f"default service account contains invalid chars '{account}'",
            hint="Write `name` or `namespace:name`.",
        )
    return f"system:serviceaccount:{':'.join([namespace, *parts][-2:])}"
