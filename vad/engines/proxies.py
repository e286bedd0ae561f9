"""Proxies: which of the environment's stands before an address. None does before this machine.

httpx would read the same variables; what it cannot use of them it raises without their names.
"""

import ipaddress
import os
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

import httpx

from ..errors import StudyError

SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True)
class Proxy:
    """A proxy and the environment variable that names it."""

    variable: str
    url: httpx.URL


def proxy_for(address: str) -> Proxy | None:
    """The proxy before an address; None where there is none, or NO_PROXY leaves it out.

    Raises StudyError, naming the variable and never a password in it, for one that is unusable.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if _is_here(host) or _left_out(host, parts.port):
        return None
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            given = os.environ.get(variable, "").strip()
            if given:
                return Proxy(variable, _url(variable, given))
    return None


def _url(variable: str, given: str) -> httpx.URL:
    where = f"the environment's {variable}"
    right = f"write {variable}=http://HOST:PORT, or unset it"
    try:
        # What stands there may hold a password, so none of it is repeated.
        url = httpx.URL(given if "://" in given else f"http://{given}")
        httpx.Proxy(url)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise StudyError(where, "names no proxy", right) from None
    if url.scheme not in SCHEMES or not url.host:
        raise StudyError(where, "names no proxy that is known", right)
    if url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise StudyError(
            where,
            "names a SOCKS proxy, which needs the package socksio",
            f"pip install socksio, name an HTTP proxy, or unset {variable}",
        )
    return url


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _ip(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _left_out(host: str, port: int | None) -> bool:
    """Whether NO_PROXY names a host: by name, by what its name ends with, or by its network."""
    listed = os.environ.get("no_proxy", "") or os.environ.get("NO_PROXY", "")
    return any(_names(one.strip().lower(), host, port) for one in listed.split(","))


def _names(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    address = _ip(host)
    if address is not None:
        try:
            network = ipaddress.ip_network(entry.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            pass
        else:
            return address in network
    name, colon, its_port = entry.rpartition(":")
    if colon and its_port.isdigit():
        if int(its_port) != port:
            return False
        entry = name
    entry = entry.split("://")[-1].strip("[]").removeprefix("*").removeprefix(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
