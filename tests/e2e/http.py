"""A client of the server that tests talk to: cookies, tokens and JSON."""

import http.client
import json
from typing import Any


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.body = status, body
        self._headers = headers

    def header(self, name: str) -> str:
        return ", ".join(v for k, v in self._headers if k.lower() == name.lower())

    def cookies(self) -> dict[str, str]:
        values = [v for k, v in self._headers if k.lower() == "set-cookie"]
        pairs = [value.partition(";")[0].partition("=") for value in values]
        return {name: value for name, _, value in pairs}

    def json(self) -> Any:
        return json.loads(self.body)


class HttpClient:
    """Talks to one server; keeps nothing between requests but what it is told to send."""

    def __init__(self, port: int, token: str = "", **headers: str) -> None:
        self.port, self.token = port, token
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {**self.headers, **{name.replace("_", "-"): v for name, v in headers.items()}}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if method != "GET":
            sent.setdefault("Content-Type", "application/json")
        payload = None if body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, payload, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def log_in(self, username: str, password: str, **headers: str) -> Answer:
        sent = {"username": username, "password": password}
        return self.post("/api/v1/session", sent, **headers)
