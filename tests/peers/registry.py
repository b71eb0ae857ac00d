"""An OCI registry, as much of the distribution specification as a reader needs.

With a user it wants a bearer token, which its token server gives for the user's name and password,
as the large registries do.
"""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
TAR_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_PAGE = 2
_TOKEN = "t0ken"


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


class RegistryServer:
    """An ASGI app.

    Attributes:
        asked: how often each path was asked for.
        seen: the Authorization headers that came, by path.
        blobs_at: the base of an address that blobs are redirected to.
    """

    def __init__(self, user: str = "", password: str = "") -> None:
        self._user, self._password = user, password
        self._manifests: dict[str, dict[str, bytes]] = {}
        self.blobs: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.seen: dict[str, str] = {}
        self.blobs_at = ""

    def push(self, name: str, tag: str, layers: Mapping[bytes, str]) -> str:
        """Publish an artifact of layers with their media types, and return its digest."""
        descriptors = []
        for body, kind in layers.items():
            digest = digest_of(body)
            self.blobs[digest] = body
            descriptors.append({"mediaType": kind, "digest": digest, "size": len(body)})
        config = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2}
        document = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {**config, "digest": digest_of(b"{}")},
            "layers": descriptors,
        }
        body = json.dumps(document).encode()
        known = self._manifests.setdefault(name, {})
        known[tag] = known[digest_of(body)] = body
        return digest_of(body)

    def push_chart(self, name: str, version: str, archive: bytes) -> str:
        return self.push(name, version.replace("+", "_"), {archive: CHART_LAYER})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked[request.url.path] += 1
        self.seen[request.url.path] = request.headers.get("authorization", "")
        await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        path, authorization = request.url.path, request.headers.get("authorization", "")
        if path == "/token":
            return self._give_token(request, authorization)
        if self._user and authorization != f"Bearer {_TOKEN}":
            realm = f"{request.url.scheme}://{request.url.netloc}/token"
            challenge = f'Bearer realm="{realm}",service="test",scope="repository:x:pull"'
            return Response(status_code=401, headers={"WWW-Authenticate": challenge})
        if path == "/v2/":
            return JSONResponse({})
        name, _, rest = path.removeprefix("/v2/").rpartition("/")
        name, _, kind = name.rpartition("/")
        if kind == "blobs":
            return self._blob(rest, request)
        known = self._manifests.get(name)
        if known is None:
            return JSONResponse({"errors": [{"code": "NAME_UNKNOWN"}]}, 404)
        if kind == "tags":
            return self._tags(known, request)
        body = known.get(rest)
        if body is None:
            return JSONResponse({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404)
        return Response(body, media_type=_MANIFEST)

    def _give_token(self, request: Request, authorization: str) -> Response:
        pair = f"{self._user}:{self._password}".encode()
        if authorization != f"Basic {base64.b64encode(pair).decode()}":
            return Response(status_code=401)
        assert request.query_params["service"] == "test"
        return JSONResponse({"token": _TOKEN, "expires_in": 300})

    def _blob(self, digest: str, request: Request) -> Response:
        if self.blobs_at:
            return RedirectResponse(f"{self.blobs_at}/{digest}", 307)
        body = self.blobs.get(digest)
        return Response(status_code=404) if body is None else Response(body)

    def _tags(self, known: Mapping[str, bytes], request: Request) -> Response:
        tags = sorted(tag for tag in known if not tag.startswith("sha256:"))
        last = request.query_params.get("last", "")
        left = [tag for tag in tags if tag > last]
        page = left[:_PAGE]
        headers = {}
        if len(left) > _PAGE:
            headers["Link"] = f'<{request.url.path}?last={page[-1]}&n={_PAGE}>; rel="next"'
        return JSONResponse({"name": "x", "tags": page}, headers=headers)
