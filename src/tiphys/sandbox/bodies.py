"""Reads what a request carries: JSON or YAML."""

from typing import Any

import orjson
import yaml

from tiphys.sandbox.requests import Request
from tiphys.sandbox.statuses import StatusError, bad_request


def decoded(request: Request) -> Any:
    """Return the document that a request carries.

    Raises:
        StatusError: it is of an unknown format, or malformed.
    """
    if "protobuf" in request.headers.get("content-type", ""):
        message = (
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml"
        )
        raise StatusError(415, "UnsupportedMediaType", message)
    try:
        if "yaml" in request.headers.get("content-type", ""):
            decoded = yaml.safe_load(request.body)
        else:
            decoded = orjson.loads(request.body)
    except (orjson.JSONDecodeError, yaml.YAMLError) as err:
        raise bad_request(f"the request body cannot be decoded: {err}") from err
    if not isinstance(decoded, dict | list):
        raise bad_request("the request body is no object")
    return decoded
