"""Which proxy the environment asks for.

Source: the rules that Go programs (kubectl, Argo CD) follow, golang.org/x/net/http/httpproxy:
addresses of this machine are never proxied; NO_PROXY holds hosts, domains, addresses and networks.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def environment_proxy(url: str, environ: Mapping[str, str]) -> str:
    """Return the address of the proxy for a request; "" for none."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    proxy = _variable(environ, f"{parts.scheme}_proxy")
    if not proxy or _is_own(host) or _is_excepted(host, port, _variable(environ, "no_proxy")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name.upper()) or environ.get(name) or ""


def _is_own(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_excepted(host: str, port: int, excepted: str) -> bool:
    return any(_matches(host, port, entry.strip().lower()) for entry in excepted.split(","))


def _matches(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    if address is not None and "/" in entry:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdigit() and "]" not in wanted and _address(entry) is None:
        if int(wanted) != port:
            return False
        entry = name.strip("[]")
    if not entry:
        return False
    if entry.startswith(("*.", ".")):  # subdomains only
        return host.endswith(entry.lstrip("*"))
    return host == entry or host.endswith(f".{entry}")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
