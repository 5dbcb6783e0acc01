"""
The one place requests leave through: httpx and tenacity live here and nowhere else.

    Fetcher.get(plan) → Fetched | NotModified | Failed

What no request can do without, and what makes it so:

* an admitted address: `answer.ask` takes a `policy.Admitted`, which `policy.admit_fetch` alone gives, for the target
  and for every redirect (`fetcher._Errand`); the request line is made of it, by no second URL parser
* a checked address behind the name: `transport._Backend` opens connections to `route.Endpoint` values only, and
  `route.Router.endpoints` alone makes those; the official name stays in SNI, certificate check and Host
* a deadline: `answer.Limits.until`, a moment that every network operation counts down to (`transport._Stream`);
  an operation without one raises
* byte caps: `answer.Limits.max_bytes` on the wire, `codings.decode` on what comes out, in steps of bounded size
* its turn: `fetcher._Errand` asks inside `pace.Pace.turn`, which a host that asked to be left alone does not give
* the word of robots.txt, where the plan asks for it: `manners.mind` before each address, the robots.txt itself included in all
  of the above

No cookie, referrer, proxy or default header can come in, because no httpx client is used, only its transport.
"""

from __future__ import annotations

from ingest.fetch.fetcher import Fetcher, FetchSettings
from ingest.fetch.manners import Robots
from ingest.fetch.pace import Pace, resting
from ingest.fetch.route import ConnectTo, parse_connect_to

__all__ = ["ConnectTo", "FetchSettings", "Fetcher", "Pace", "Robots", "parse_connect_to", "resting"]
