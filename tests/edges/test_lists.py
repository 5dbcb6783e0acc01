"""A change of list, and what becomes of stored headlines under it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from ingest.errors import PolicyGuardError
from ingest.store import lists
from ingest.store.engine import write
from support.raw_sql import headline, insert, link, put_in_force, vendors_of

WIDE = ["acme-ai.com", "blog.acme-ai.com/posts/"]
PAGES = ("https://acme-ai.com/news/1", "https://acme-ai.com/press/2", "https://blog.acme-ai.com/posts/3")


@pytest.fixture
def filled(engine: Engine) -> Engine:
    with write(engine) as conn:
        put_in_force(conn, vendors_of({"acme": {"official": WIDE}}))
        for number, url in enumerate(PAGES):
            scope = 2 if "blog." in url else 1
            insert(conn, "headlines", headline("acme", url, scope, id=f"h{number}", story_id=f"s{number}"))
            insert(conn, "links", link("acme", url, scope, headline_id=f"h{number}"))
    return engine


def change_to(engine: Engine, *lines: str) -> lists.Applied:
    with write(engine) as conn:
        return put_in_force(conn, vendors_of({"acme": {"official": list(lines)}}), digest="|".join(lines))


def shown(conn: Connection) -> list[str]:
    return list(conn.execute(text("SELECT id FROM v1_headlines ORDER BY id")).scalars())


def changes(conn: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in conn.execute(text("SELECT kind, headline_id FROM v1_changes ORDER BY seq"))]


def test_headlines_that_another_scope_holds_stay_and_are_attributed_to_it(filled: Engine) -> None:
    applied = change_to(filled, "acme-ai.com/news/", "acme-ai.com/press/", "*.acme-ai.com")
    assert (applied.reattributed, applied.revoked, applied.restored) == (3, 0, 0)
    with write(filled) as conn:
        assert shown(conn) == ["h0", "h1", "h2"]
        assert changes(conn) == []
        query = "SELECT h.id, s.text, h.allowlist_generation FROM headlines h JOIN scopes s ON s.id = h.scope_id ORDER BY h.id"
        assert [tuple(row) for row in conn.execute(text(query))] == [
            ("h0", "acme-ai.com/news/", 2),
            ("h1", "acme-ai.com/press/", 2),
            ("h2", "*.acme-ai.com", 2),
        ]
        assert conn.execute(text("SELECT count(*) FROM v1_links")).scalar_one() == 3


def test_headlines_that_no_scope_holds_any_longer_are_revoked_in_the_change_log(filled: Engine) -> None:
    assert change_to(filled, "acme-ai.com").revoked == 1
    with write(filled) as conn:
        assert shown(conn) == ["h0", "h1"]
        assert changes(conn) == [("revoked", "h2")]
        assert conn.execute(text("SELECT count(*) FROM headlines")).scalar_one() == 3


def test_a_new_exception_revokes_what_it_holds_and_its_end_brings_it_back(filled: Engine) -> None:
    assert change_to(filled, *WIDE, "!acme-ai.com/press/").revoked == 1
    assert change_to(filled, *WIDE).restored == 1
    with write(filled) as conn:
        assert shown(conn) == ["h0", "h1", "h2"]
        assert changes(conn) == [("revoked", "h1"), ("restored", "h1")]


def test_a_change_of_words_changes_no_headline(filled: Engine) -> None:
    applied = change_to(filled, *WIDE)
    assert (applied.generation, applied.reattributed, applied.revoked, applied.restored) == (2, 0, 0, 0)


def test_a_removal_is_reported_before_it_happens(filled: Engine) -> None:
    from ingest.model import Allowlist

    narrower = Allowlist("n", "", vendors_of({"acme": {"official": ["acme-ai.com"]}}), ())
    with write(filled) as conn:
        removal = lists.removal(conn, narrower)
    assert removal.sources == ("acme/news",)
    assert removal.scopes == (("acme", "blog.acme-ai.com/posts/", 1),)
    assert removal.needs_confirmation


def test_scopes_that_come_and_go_leave_a_history(filled: Engine) -> None:
    change_to(filled, "acme-ai.com")
    change_to(filled, *WIDE)
    with write(filled) as conn:
        query = (
            "SELECT since_generation, until_generation FROM scopes WHERE text = 'blog.acme-ai.com/posts/' ORDER BY id"
        )
        assert [tuple(row) for row in conn.execute(text(query))] == [(1, 2), (3, None)]


JAPANESE = "https://acme-ai.com/ja/news/1"


def with_alternate(engine: Engine) -> None:
    with write(engine) as conn:
        insert(conn, "links", link("acme", JAPANESE, 1, headline_id="h0", lang="ja"))


def linked(conn: Connection) -> list[str]:
    return list(conn.execute(text("SELECT url FROM v1_links ORDER BY url")).scalars())


def test_a_link_that_a_new_exception_covers_leaves_the_views_at_once_and_comes_back(filled: Engine) -> None:
    with_alternate(filled)
    applied = change_to(filled, *WIDE, "!acme-ai.com/ja/")
    assert (applied.revoked, applied.links_revoked, applied.addresses) == (0, 1, (JAPANESE,))
    assert applied.takes_out
    with write(filled) as conn:
        assert linked(conn) == sorted(PAGES)
        assert shown(conn) == ["h0", "h1", "h2"]
        assert changes(conn) == [("linked", "h0")]
        assert conn.execute(text("SELECT count(*) FROM links")).scalar_one() == 4
    back = change_to(filled, *WIDE)
    assert (back.links_restored, back.takes_out) == (1, False)
    with write(filled) as conn:
        assert linked(conn) == sorted([*PAGES, JAPANESE])
        assert changes(conn) == [("linked", "h0"), ("linked", "h0")]


@pytest.mark.parametrize("exception", ["!acme-ai.com/*/news/1", "!acme-ai.com/ja/news/1", "!acme-ai.com/ja/news/"])
def test_exceptions_of_every_form_reach_links(filled: Engine, exception: str) -> None:
    with_alternate(filled)
    assert change_to(filled, *WIDE, exception).links_revoked == 1
    with write(filled) as conn:
        assert JAPANESE not in linked(conn)


def test_the_links_of_a_headline_that_leaves_are_not_counted_twice(filled: Engine) -> None:
    with_alternate(filled)
    applied = change_to(filled, *WIDE, "!acme-ai.com")
    assert (applied.revoked, applied.links_revoked) == (2, 0)
    assert applied.addresses == PAGES[:2]
    assert (change_to(filled, *WIDE).restored, change_to(filled, *WIDE).links_restored) == (2, 0)
    with write(filled) as conn:
        assert linked(conn) == sorted([*PAGES, JAPANESE])


def test_a_revoked_link_is_brought_back_by_the_list_and_by_nobody_else(filled: Engine) -> None:
    with_alternate(filled)
    change_to(filled, *WIDE, "!acme-ai.com/ja/")
    with write(filled) as conn:
        conn.execute(text("UPDATE links SET last_seen_at = first_seen_at"))  # what nobody judges
    with pytest.raises(PolicyGuardError), write(filled) as conn:
        conn.execute(text("UPDATE links SET state = 'live'"))
