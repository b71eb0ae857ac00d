"""Whether an Application could be deployed, found out before it is stored.

Source: Argo CD's validation of Applications on create and update (`validate=true`).
"""

import asyncio

from tiphys.delivery.clusters import Clusters
from tiphys.delivery.installation import Installation
from tiphys.delivery.specification import check_spec
from tiphys.delivery.targets import TargetLoader, render_request
from tiphys.model.application import Application
from tiphys.model.errors import TiphysError

_PATIENCE_S = 50.0


class Validator:
    """Tries Applications that are not stored yet."""

    def __init__(
        self, installation: Installation, clusters: Clusters, targets: TargetLoader
    ) -> None:
        self._installation, self._clusters, self._targets = installation, clusters, targets

    async def problems(self, app: Application, *, renders: bool) -> list[str]:
        """Return why an Application cannot be deployed, each a sentence; none when it can.

        Args:
            app: as it is to be stored, its namespace set.
            renders: also fetch its sources and render them.
        """
        checked = check_spec(app, self._installation, self._clusters)
        if isinstance(checked, list):
            return [f"InvalidSpecError: {problem}" for problem in checked]
        if not renders:
            return []
        try:
            async with asyncio.timeout(_PATIENCE_S):
                cluster = await self._clusters.open(checked[1])
                wanted = render_request(app, self._installation, cluster)
                await self._targets.load(app, cluster, wanted)
        except TimeoutError:
            return [f"InvalidSpecError: it does not render within {_PATIENCE_S:.0f} s"]
        except TiphysError as err:
            return [f"InvalidSpecError: Unable to generate manifests: {err.line}"]
        return []
