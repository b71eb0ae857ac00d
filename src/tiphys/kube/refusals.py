"""Says what an account may not do: verb, resource, namespace and account in one sentence.

Source: Kubernetes documentation, "Authorization Overview"; the words of the API server's refusal.
"""

import re

from tiphys.kube.discovery import ApiResource
from tiphys.model.errors import ApiError

_USER = re.compile(r'User "([^"]{1,253})"')


def refusal(err: ApiError, verb: str, resource: ApiResource, namespace: str) -> ApiError:
    """Return the error for a request that the API server refused for lack of rights.

    Args:
        err: as the server put it; an error of another kind is returned as it is.
        verb: of the request, as roles name it.
        resource: that was asked for.
        namespace: that was asked for, "" for all.
    """
    if err.code != 403:
        return err
    kind = f"{resource.plural}.{resource.gvk.group}" if resource.gvk.group else resource.plural
    where = f"in namespace {namespace}" if namespace else "in the whole cluster"
    user = _USER.search(err.what)
    account = f"account {user.group(1)}" if user else "this account"
    told = ApiError(
        f"{account} may not {verb} {kind} {where}", code=err.code, status_reason=err.status_reason
    )
    told.hint = f"Grant it `list` and `watch` on `{kind}` {where}."
    return told
