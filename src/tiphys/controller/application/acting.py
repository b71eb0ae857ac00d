"""Opens a cluster as the one who changes things there: us, or an account that the project names.

Reading, comparing and watching stay ours; what syncs and deletes is done by the account.
"""

import msgspec

from tiphys.controller.application.services import Services
from tiphys.delivery.clusters import OpenCluster
from tiphys.engine.impersonation import acting_user, no_account
from tiphys.kube.client import KubeClient
from tiphys.model.application import Application


def acting(app: Application, cluster: OpenCluster, services: Services) -> OpenCluster:
    """Return an Application's cluster with a client that acts as its project says.

    Raises:
        InvalidInputError: the project names no account and must, or one that is none.
    """
    settings = services.installation.settings
    project = services.installation.project(app.project)
    if not settings.impersonates or project is None:
        return cluster
    namespace = app.spec.destination.namespace or app.metadata.namespace
    user = acting_user(project.spec, cluster.record.server, namespace)
    if user is None:
        if settings.requires_account:
            raise no_account(cluster.record.server, namespace)
        return cluster
    client = cluster.client
    account = KubeClient(client.transport.acting_as(user), client.discovery)
    return msgspec.structs.replace(cluster, client=account)
