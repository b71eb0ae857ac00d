"""A destination cluster as its Secret describes it."""

from collections.abc import Mapping

import msgspec

from tiphys.model.labels import IN_CLUSTER_NAME, IN_CLUSTER_SERVER


class ClusterRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A destination cluster; how to reach it stands in `secret_data`, absent for our own.

    Attributes:
        server: the address that Applications name, without a trailing slash.
        namespaces: when not empty, the only namespaces that are managed.
        project: when not empty, the only project that may deploy here.
        version: changes whenever the Secret does.
    """

    server: str
    name: str
    namespaces: tuple[str, ...] = ()
    cluster_resources: bool = False
    project: str = ""
    skip_reconcile: bool = False
    secret_data: Mapping[str, str] = {}
    version: str = ""

    @property
    def is_in_cluster(self) -> bool:
        """True for the cluster that tiphys itself runs against."""
        return self.server == IN_CLUSTER_SERVER and "config" not in self.secret_data


IN_CLUSTER = ClusterRecord(server=IN_CLUSTER_SERVER, name=IN_CLUSTER_NAME)
