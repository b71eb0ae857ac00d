"""Which kind has which actions.

Source: the command-line tools and the documentation of the projects, named in each module.
"""

from typing import Final

from tiphys.engine.actions.catalogue import argo, kubernetes, numa, operators
from tiphys.engine.actions.offers import Offer

CATALOGUE: Final[dict[str, tuple[Offer, ...]]] = {
    **kubernetes.KINDS,
    **argo.KINDS,
    **operators.KINDS,
    **numa.KINDS,
}
