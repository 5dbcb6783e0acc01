"""
The real goal of a connection: INGEST_CONNECT_TO, name resolution, and the check of every resolved IP address.

A name is resolved once for each connection. Only `Router.endpoints` makes an `Endpoint`, and it makes none if any address of
the name is refused: a name with both a public and a private address is a sign of DNS rebinding.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest import urls
from ingest.errors import FetchError, SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_PORT: Final = 65535

_NAME: Final = r"\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]*"
_CONNECT_TO: Final = re.compile(rf"(?P<host>{_NAME}):(?P<port>[0-9]*):(?P<to_host>{_NAME}):(?P<to_port>[0-9]*)")


@dataclass(frozen=True, slots=True)
class ConnectTo:
    """
    One rule of `curl --connect-to`: connections for `host` and `port` go to `to_host` and `to_port`.

    An empty `host` or a `port` of None matches any. An empty `to_host` or a `to_port` of None keeps the original.
    """

    host: str
    port: int | None
    to_host: str
    to_port: int | None

    def matches(self, host: str, port: int) -> bool:
        """Whether the rule applies to a connection."""
        return self.host in {"", host} and self.port in {None, port}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A checked IP address and a port."""

    address: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """The socket family of the address."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


def parse_connect_to(text: str) -> tuple[ConnectTo, ...]:
    """
    Read INGEST_CONNECT_TO: `HOST:PORT:TO_HOST:TO_PORT`, comma separated, IPv6 literals in brackets.

    Raises:
        SettingsError: A rule of another form, or a port beyond 65535.
    """
    return tuple(_rule(part.strip()) for part in text.split(",") if part.strip())


def _rule(text: str) -> ConnectTo:
    rule = _CONNECT_TO.fullmatch(text)
    ports = [int(rule[name]) if rule[name] else None for name in ("port", "to_port")] if rule else []
    if not rule or any(port is not None and not 0 < port <= MAX_PORT for port in ports):
        message = f"{text!r} is not HOST:PORT:TO_HOST:TO_PORT; write for instance ::127.0.0.1:8443"
        raise SettingsError(message, subject="INGEST_CONNECT_TO")
    return ConnectTo(_bare(rule["host"]), ports[0], _bare(rule["to_host"]), ports[1])


def _bare(host: str) -> str:
    return host.strip("[]").lower()


class Router:
    """Resolves official hosts to checked endpoints."""

    def __init__(self, connect_to: Sequence[ConnectTo], private_networks: Sequence[Network]) -> None:
        self._connect_to = tuple(connect_to)
        self._private_networks = tuple(private_networks)

    def endpoints(self, host: str, port: int, until: float) -> list[Endpoint]:
        """
        Resolve a host and check every address.

        Args:
            until: The deadline for DNS, in monotonic seconds.

        Raises:
            FetchError: `dns`, `timeout`, `private-address`.
        """
        rule = next((rule for rule in self._connect_to if rule.matches(host, port)), None)
        if rule is not None:
            host, port = rule.to_host or host, rule.to_port or port
        addresses = _addresses(host, until)
        for address in addresses:
            if not self._may_connect(address):
                message = (
                    f"resolves to {address}, which is not a public address; nothing was sent there"
                    " (INGEST_PRIVATE_NETWORKS can allow it)"
                )
                raise FetchError(message, rule="private-address")
        return [Endpoint(address, port) for address in addresses]

    def _may_connect(self, address: str) -> bool:
        literal = ipaddress.ip_address(address)
        return any(literal in network for network in self._private_networks) or urls.is_public(address)


def _addresses(host: str, until: float) -> list[str]:
    """Return the addresses of a name in the system's order of preference (RFC 6724), or a literal itself."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        result = _look_up(host, until)
    if isinstance(result, OSError):
        again = isinstance(result, socket.gaierror) and result.errno == socket.EAI_AGAIN
        message = f"cannot be resolved ({result.strerror or result}); check the name and this machine's DNS"
        raise FetchError(message, rule="dns", retryable=again) from result
    return list(dict.fromkeys(result))


def _look_up(host: str, until: float) -> list[str] | OSError:
    """
    Call the system's resolver, and wait until the deadline at most.

    getaddrinfo cannot be interrupted. An abandoned thread ends with the resolver's own timeout.
    """
    results: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            entries = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
            results.put([str(sockaddr[0]) for *_, sockaddr in entries])
        except OSError as error:
            results.put(error)

    threading.Thread(target=resolve, name=f"resolve {host}", daemon=True).start()
    try:
        return results.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        message = "could not be resolved in time; check this machine's DNS, or raise INGEST_TIMEOUT"
        raise FetchError(message, rule="timeout") from None
