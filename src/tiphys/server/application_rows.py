"""Applications as answers carry them: masked, encoded, and encoded once per version.

A list of thousands, and hundreds of readers of one stream, share the work.
"""

from collections import OrderedDict

import msgspec

from tiphys.model.keys import Manifest
from tiphys.server.masks import Mask

_MASKS = 8


class EncodedApplications:
    """The JSON of Applications under the masks that were asked for lately."""

    def __init__(self) -> None:
        self._by_mask: OrderedDict[str, dict[str, tuple[str, bytes]]] = OrderedDict()

    def encode(self, manifest: Manifest, mask: Mask) -> bytes:
        """Return the JSON of an Application, managedFields left out."""
        if not mask.text:
            return msgspec.json.encode(presented(manifest))  # too large to keep for all
        metadata = manifest["metadata"]
        known = self._known(mask)
        uid, version = str(metadata.get("uid")), str(metadata.get("resourceVersion"))
        kept = known.get(uid)
        if kept is not None and kept[0] == version:
            return kept[1]
        encoded = msgspec.json.encode(mask.apply(presented(manifest)))
        known[uid] = (version, encoded)
        return encoded

    def forget(self, manifest: Manifest) -> None:
        """Drop what is kept of an Application that is gone."""
        for known in self._by_mask.values():
            known.pop(str(manifest["metadata"].get("uid")), None)

    def _known(self, mask: Mask) -> dict[str, tuple[str, bytes]]:
        known = self._by_mask.setdefault(mask.text, {})
        self._by_mask.move_to_end(mask.text)
        while len(self._by_mask) > _MASKS:
            self._by_mask.popitem(last=False)
        return known


def presented(manifest: Manifest) -> Manifest:
    """Return an Application as clients see it: without apiVersion, kind and managedFields.

    Source: Argo CD's API, whose typed objects carry no type of their own.
    """
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "managedFields"}
    rest = {k: v for k, v in manifest.items() if k not in {"apiVersion", "kind", "metadata"}}
    return {"metadata": metadata, **rest}
