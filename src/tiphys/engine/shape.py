"""What can be told of a manifest without the API server: whether its values fit their types.

It stands in for a dry run where that cannot answer yet, because the namespace or the definition
comes with the same sync, or because the object is to be replaced. The schemas of built-in kinds
are those that we came with: a field that they lack may be one of a newer server, so it passes.
Those of definitions in the same sync are exact, so there it does not.

Source: Kubernetes API concepts, "Field validation".
"""

from collections.abc import Mapping

from tiphys.engine.normalise import prepare_target
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import GroupKind, Manifest, gvk_of
from tiphys.structured.schema import load_builtin_schema, schema_from_crd
from tiphys.structured.validation import TypedValueError, check

_UNKNOWN = "field not declared in schema"


def shape_problem(manifest: Manifest, definitions: Mapping[GroupKind, Manifest]) -> str:
    """Return what is wrong with a manifest, "" when nothing can be said against it.

    Args:
        manifest: the target.
        definitions: custom resource definitions that the same sync brings, by the kind defined.
    """
    gvk = gvk_of(manifest)
    definition = definitions.get(gvk.group_kind)
    if definition is not None:
        schema = _open_api(definition, gvk.version)
        type_ = None if schema is None else schema_from_crd(schema)
    else:
        type_ = load_builtin_schema().schema_for(gvk)
    if type_ is None:
        return ""
    try:
        check(prepare_target(manifest), type_, allow_duplicates=True)
    except TypedValueError as err:
        told = [(path, what) for path, what in err.problems if definition or what != _UNKNOWN]
        return "; ".join(f"{path}: {what}" if path else what for path, what in told)
    except InvalidInputError as err:
        return err.line
    return ""


def _open_api(definition: Manifest, version: str) -> Manifest | None:
    for served in (definition.get("spec") or {}).get("versions") or ():
        if served.get("name") == version:
            found: Manifest | None = (served.get("schema") or {}).get("openAPIV3Schema")
            return found
    return None
