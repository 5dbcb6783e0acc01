"""
The only package that sends requests: httpx and tenacity are used here and nowhere else.

    Fetcher.get(plan) → Fetched | NotModified | Failed

Every request has all of the following:

* an admitted address: `request.send` takes a `policy.Admitted`. Only `policy` makes one, for the target and for every
  redirect (`fetcher._Exchange`). The request line comes from it, without a second URL parser
* a checked IP address: `transport._Backend` connects only to a `route.Endpoint`, and only `route.Router.endpoints` makes
  one. SNI, the certificate check and the Host field still use the official name
* a deadline: `request.RequestLimits.until` holds for every network operation (`transport._Stream`). An operation without a
  deadline raises an error
* byte limits: `request.RequestLimits.max_bytes` for the received bytes, and `codings.decode` for the decoded body, in
  bounded steps
* a slot: `fetcher._Exchange` sends inside `limiter.HostLimiter.slot`, and a host in back-off gives no slot
* the permission of robots.txt, if the plan requires it: `robots_check.check_robots` runs before each address. The request
  for robots.txt itself has all of the above

The package uses only httpx's transport, not its client. So no cookie, referrer, proxy or default header is ever added.
"""

from __future__ import annotations

from ingest.fetch.fetcher import Fetcher, FetchSettings
from ingest.fetch.limiter import BackOff, HostLimiter, InMemoryHostLimiter, backed_off
from ingest.fetch.robots_check import InMemoryRobotsCache, RobotsCache
from ingest.fetch.route import ConnectTo, parse_connect_to

__all__ = [
    "BackOff",
    "ConnectTo",
    "FetchSettings",
    "Fetcher",
    "HostLimiter",
    "InMemoryHostLimiter",
    "InMemoryRobotsCache",
    "RobotsCache",
    "backed_off",
    "parse_connect_to",
]
