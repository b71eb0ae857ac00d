"""One object, read in the several versions of its kind.

Every manager's fields are kept in the version that it wrote in; so who owns what is found out in
that version, whichever version a write comes in.

Source: apimachinery, util/managedfields/internal/versionconverter.go.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tiphys.structured.types import TypeRef
from tiphys.structured.validation import check

Convert = Callable[[dict[str, Any], str], dict[str, Any]]


class Versions(NamedTuple):
    """The versions of one kind that a server knows.

    Attributes:
        types: the type of the kind's objects, by API version: "autoscaling/v1".
        convert: gives an object in another of these versions, and leaves its input as it is.
        all_reset: what a way of writing may not own it does not change either, in any version.
            Of a custom resource, but of its status, the API server knows that for the version
            of the request alone.
        drops_others: entries of any other version go, as they do of built-in kinds. Those of a
            version that was taken out of a custom kind stay, and let applies fail.
    """

    types: Mapping[str, TypeRef]
    convert: Convert
    all_reset: bool = True
    drops_others: bool = True

    def view(self, manifest: dict[str, Any], api_version: str) -> dict[str, Any]:
        """Return an object in one of the versions.

        Raises:
            TypedValueError: the object does not fit the type of that version. A custom kind whose
                versions differ in their fields comes to this, as it does on the API server.
        """
        if manifest["apiVersion"] == api_version:
            return manifest
        found = self.convert(manifest, api_version)
        check(found, self.types[api_version])
        return found
