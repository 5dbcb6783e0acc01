"""
Where a connection really goes: INGEST_CONNECT_TO, name resolution, and the check of every address that comes of it.

A name is resolved once a connection. `Router.endpoints` is the only maker of an `Endpoint`, and gives none unless every
address of the name may be connected to: a name with a public and a private address is how rebinding looks.
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
    One rule as of `curl --connect-to`: connections meant for `host` and `port` go to `to_host` and `to_port`.

    Empty `host` and None `port` match any; empty `to_host` and None `to_port` keep what was meant.
    """

    host: str
    port: int | None
    to_host: str
    to_port: int | None

    def matches(self, host: str, port: int) -> bool:
        """Tell whether the rule is about this connection."""
        return self.host in {"", host} and self.port in {None, port}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address literal and port that was checked and may be connected to."""

    address: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """The socket family of the address."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


def parse_connect_to(text: str) -> tuple[ConnectTo, ...]:
    """
    Read INGEST_CONNECT_TO: `HOST:PORT:TO_HOST:TO_PORT`, comma separated, IPv6 literals in brackets.

    Errors:
        SettingsError: a rule of another form, or a port beyond 65535.
    """
    return tuple(_rule(part.strip()) for part in text.split(",") if part.strip())


def _rule(text: str) -> ConnectTo:
    found = _CONNECT_TO.fullmatch(text)
    ports = [int(found[name]) if found[name] else None for name in ("port", "to_port")] if found else []
    if not found or any(port is not None and not 0 < port <= MAX_PORT for port in ports):
        message = f"{text!r} is not HOST:PORT:TO_HOST:TO_PORT; write for instance ::127.0.0.1:8443"
        raise SettingsError(message, subject="INGEST_CONNECT_TO")
    return ConnectTo(_bare(found["host"]), ports[0], _bare(found["to_host"]), ports[1])


def _bare(host: str) -> str:
    return host.strip("[]").lower()


class Router:
    """Turns an official host into endpoints that may be connected to."""

    def __init__(self, connect_to: Sequence[ConnectTo], private_networks: Sequence[Network]) -> None:
        self._connect_to = tuple(connect_to)
        self._private_networks = tuple(private_networks)

    def endpoints(self, host: str, port: int, until: float) -> list[Endpoint]:
        """
        Resolve and check.

        Args:
            until: Moment (monotonic seconds) at which to give up waiting for DNS.

        Errors:
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
    """Give a name's addresses in the system's order of preference (RFC 6724); a literal is its own."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        found = _look_up(host, until)
    if isinstance(found, OSError):
        again = isinstance(found, socket.gaierror) and found.errno == socket.EAI_AGAIN
        message = f"cannot be resolved ({found.strerror or found}); check the name and this machine's DNS"
        raise FetchError(message, rule="dns", retryable=again) from found
    return list(dict.fromkeys(found))


def _look_up(host: str, until: float) -> list[str] | OSError:
    """
    Ask the system's resolver, for as long as we may wait.

    getaddrinfo cannot be interrupted; a thread that nobody waits for any more ends with the resolver's own time limit.
    """
    answer: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
            answer.put([str(sockaddr[0]) for *_, sockaddr in found])
        except OSError as error:
            answer.put(error)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        return answer.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        message = "could not be resolved in time; check this machine's DNS, or raise INGEST_TIMEOUT"
        raise FetchError(message, rule="timeout") from None
