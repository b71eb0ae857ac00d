"""Amazon SQS.

Source: Amazon SQS API reference (JSON protocol), SendMessage; AWS, "Signature Version 4 signing
process"; Argo CD operator manual, "Notifications, AWS SQS".
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from yarl import URL

from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http, Request
from tiphys.notifications.message import Message

_TYPE: Final = "application/x-amz-json-1.0"


class SqsOptions(Record, frozen=True):
    """Options of `service.awssqs`."""

    queue: str = ""
    region: str = ""
    account: str = ""
    key: str = ""
    secret: str = ""
    endpoint_url: str = ""


class Sqs:
    """Puts messages into queues."""

    def __init__(
        self,
        options: SqsOptions,
        http: Http,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._options, self._http, self._now = options, http, now
        host = options.endpoint_url or f"https://sqs.{options.region}.amazonaws.com"
        self._endpoint = host.rstrip("/")

    async def send(self, message: Message, recipient: str) -> None:
        """Put a message into the queue that the recipient names, else the configured one."""
        queue = recipient or self._options.queue
        if not queue or not self._options.region:
            raise DeliveryError("a `queue` and a `region` are needed")
        attributes = message.block.get("messageAttributes") or {}
        fields: dict[str, Any] = {
            "QueueUrl": await self._address(queue),
            "MessageBody": message.text,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": str(value)}
                for name, value in attributes.items()
            },
        }
        if group := message.get("messageGroupId"):
            fields["MessageGroupId"] = group
        await self._call("SendMessage", fields)

    async def _address(self, queue: str) -> str:
        owner = {"QueueOwnerAWSAccountId": self._options.account} if self._options.account else {}
        found = await self._call("GetQueueUrl", {"QueueName": queue, **owner})
        return str(found["QueueUrl"])

    async def _call(self, action: str, fields: Mapping[str, Any]) -> Any:
        body = orjson.dumps(fields)
        headers = signed(
            URL(self._endpoint + "/"),
            {"Content-Type": _TYPE, "X-Amz-Target": f"AmazonSQS.{action}"},
            body,
            (self._options.key, self._options.secret, self._options.region),
            self._now(),
        )
        answer = await self._http.post(
            Request(url=self._endpoint + "/", headers=headers, body=body)
        )
        return answer.json()


def signed(
    url: URL,
    headers: Mapping[str, str],
    body: bytes,
    who: tuple[str, str, str],
    now: datetime,
) -> dict[str, str]:
    """Return the headers of a POST to SQS with its signature.

    Args:
        url: where to; its path is "/".
        headers: that are signed too.
        body: of the request.
        who: access key, secret key and region.
        now: part of the signature, which is good for some minutes.
    """
    key, secret, region = who
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    port = "" if url.is_default_port() else f":{url.port}"
    every = {**headers, "Host": f"{url.host}{port}", "X-Amz-Date": moment}
    lines = sorted((name.lower(), value.strip()) for name, value in every.items())
    names = ";".join(name for name, _ in lines)
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            *(f"{name}:{value}" for name, value in lines),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{moment[:8]}/{region}/sqs/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    step = f"AWS4{secret}".encode()
    for part in (moment[:8], region, "sqs", "aws4_request"):
        step = hmac.digest(step, part.encode(), "sha256")
    signature = hmac.new(step, to_sign.encode(), "sha256").hexdigest()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return {**every, "Authorization": authorization}
