"""Headlines as stored, those of revoked scopes included: the columns of `v1_headlines` without its conditions."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from ingest.store import schema
from ingest.store.queries import HEADLINES, Headline, headline_of

_ELSEWHERE: Final = {
    "vendor_name": schema.vendors.c.name.label("vendor_name"),
    "role": schema.sources.c.role,
    "product": schema.sources.c.product,
}
RECORDED: Final = (
    select(
        *(_ELSEWHERE[each.name] if each.name in _ELSEWHERE else schema.headlines.c[each.name] for each in HEADLINES.c)
    )
    .join(schema.vendors, schema.vendors.c.id == schema.headlines.c.vendor_id)
    .join(schema.sources, schema.sources.c.id == schema.headlines.c.source_id)
    .order_by(schema.headlines.c.first_seen_at, schema.headlines.c.id)
)
"""The columns of `v1_headlines` for every headline ever stored."""


def headline_ids(conn: Connection, prefix: str, *, limit: int) -> list[str]:
    """List the ids with this beginning, revoked headlines included. A `limit` of 2 shows whether there is only one."""
    ids = schema.headlines.c.id
    within = ids.between(prefix, prefix + "z" * 20)  # lets the index help; what decides is the second condition
    query = select(ids).where(within, ids.startswith(prefix, autoescape=True)).order_by(ids).limit(limit)
    return list(conn.execute(query).scalars())


def headlines_at(conn: Connection, url: str) -> list[Headline]:
    """List the headlines with a link to exactly this address in normal form, revoked ones included."""
    links = schema.links
    ids = select(links.c.headline_id).where(links.c.url == url)
    return [headline_of(row) for row in conn.execute(RECORDED.where(schema.headlines.c.id.in_(ids)))]
