"""Signs requests to AWS; pure: the time comes in as an argument.

Source: AWS documentation, "AWS Signature Version 4 for API requests" (IAM user guide).
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

import msgspec

_ALGORITHM = "AWS4-HMAC-SHA256"
_EMPTY = hashlib.sha256(b"").hexdigest()


class AwsKeys(msgspec.Struct, frozen=True, kw_only=True):
    """An access key; `session_token` is empty for one that lasts."""

    access_key: str
    secret_key: str
    session_token: str = ""


class Scope(msgspec.Struct, frozen=True):
    """What a signature is good for, from when on, and for how many seconds."""

    region: str
    service: str
    at: datetime
    expires_s: int = 60

    @property
    def stamp(self) -> str:
        """The time as signatures write it: "20150830T123600Z"."""
        return self.at.strftime("%Y%m%dT%H%M%SZ")

    @property
    def text(self) -> str:
        """The scope as signatures write it: "20150830/us-east-1/iam/aws4_request"."""
        return f"{self.stamp[:8]}/{self.region}/{self.service}/aws4_request"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A GET that is to be signed.

    Attributes:
        url: scheme, host and path.
        params: of the query.
        headers: those besides `host` that must be sent with the same values; lower-case names.
        payload_hash: of the body; some services want "UNSIGNED-PAYLOAD".
    """

    url: str
    params: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    payload_hash: str = _EMPTY


def presigned_url(question: Question, keys: AwsKeys, scope: Scope) -> str:
    """Return the address of a GET that carries its signature in the query."""
    parts = urlsplit(question.url)
    path = parts.path or "/"
    signed = {"host": parts.netloc, **question.headers}
    names = ";".join(sorted(signed))
    query = {
        **question.params,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{keys.access_key}/{scope.text}",
        "X-Amz-Date": scope.stamp,
        "X-Amz-Expires": str(scope.expires_s),
        "X-Amz-SignedHeaders": names,
    }
    if keys.session_token:
        query["X-Amz-Security-Token"] = keys.session_token
    text = canonical_query(query)
    headers = [f"{name}:{signed[name]}" for name in sorted(signed)]
    request = "\n".join(["GET", path, text, *headers, "", names, question.payload_hash])
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = "\n".join([_ALGORITHM, scope.stamp, scope.text, digest])
    signature = hmac.new(_key(keys, scope), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{parts.scheme}://{parts.netloc}{path}?{text}&X-Amz-Signature={signature}"


def canonical_query(params: Mapping[str, str]) -> str:
    """Return a query in the one form that is signed."""
    pairs = sorted((quote(name, safe="-_.~"), quote(params[name], safe="-_.~")) for name in params)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _key(keys: AwsKeys, scope: Scope) -> bytes:
    key = f"AWS4{keys.secret_key}".encode()
    for part in scope.text.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
