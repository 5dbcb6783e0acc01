from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ingest import policy, urls
from ingest.demo.answers import Answer, redirect
from ingest.model import Outcome, Vendor
from ingest.pipeline import Standing
from ingest.pipeline.attempt import keep
from scenarios.whole import assert_replayed
from support.world import BLOG, FEED, LIST, NOW, Item, World, rss

A = Item("Acme opens a lab", "https://www.acme-ai.com/news/lab?utm_source=rss", guid="a")
B = Item("Acme & friends <b>ship</b>", "http://www.acme-ai.com/news/ship", guid="b")


def test_an_announcement_appears_with_its_official_link_and_its_proof(world: World) -> None:
    world.server.update({FEED: rss(A, B)})

    report = world.poll()

    assert (report.outcome, report.tally.created, report.tally.entries) == (Outcome.OK, 2, 2)
    rows = world.rows("SELECT * FROM v1_headlines ORDER BY url")
    assert [row.url for row in rows] == ["https://www.acme-ai.com/news/lab", "https://www.acme-ai.com/news/ship"]
    assert [row.title for row in rows] == ["Acme opens a lab", "Acme & friends <b>ship</b>"]
    assert {(row.vendor_name, row.source_id, row.lang, row.revision) for row in rows} == {
        ("Acme", "acme/news", "en", 1)
    }
    (capture,) = world.rows("SELECT * FROM captures")
    assert capture.id == rows[0].capture_id
    assert capture.wire_digest
    assert capture.payload_digest
    assert capture.peer_address.startswith("127.0.0.1")
    assert capture.peer_certificate_digest
    assert [row.kind for row in world.rows("SELECT kind FROM v1_changes ORDER BY seq")] == ["created", "created"]
    assert {row.rel for row in world.rows("SELECT rel FROM v1_links")} == {"primary"}


def test_an_unchanged_feed_costs_a_304_and_changes_nothing(world: World) -> None:
    world.server.update({FEED: rss(A)})
    world.poll()

    report = world.poll(after=timedelta(hours=2))

    assert (report.outcome, report.status_code, report.tally.entries) == (Outcome.NOT_MODIFIED, 304, 0)
    assert [request.status for request in world.server.requests] == [200, 304]
    assert len(world.rows("SELECT id FROM captures")) == 1
    assert len(world.rows("SELECT seq FROM v1_changes")) == 1


def test_identical_bytes_without_a_304_are_counted_as_seen_and_share_one_payload(world: World) -> None:
    press = Item("Press says", "https://press.example.net/acme", guid="p")
    world.server.update({FEED: rss(A, press)})
    world.poll()
    world.write("UPDATE source_states SET etag = NULL, last_modified = NULL")

    report = world.poll(after=timedelta(hours=2))

    assert (report.tally.seen, report.tally.rejected, report.tally.entries) == (1, 1, 2)
    assert len(world.rows("SELECT id FROM captures")) == 2
    assert len(world.rows("SELECT digest FROM payloads")) == 1


def test_an_edit_is_a_revision_with_its_history(world: World) -> None:
    world.server.update({FEED: rss(A)})
    world.poll()
    edited = Item("Acme opens a second lab", A.link, guid="a")
    world.server.update({FEED: rss(edited)})

    report = world.poll(after=timedelta(hours=2))

    assert report.tally.revised == 1
    assert world.titles() == ["Acme opens a second lab"]
    history = world.rows("SELECT revision, title FROM revisions ORDER BY revision")
    assert [tuple(row) for row in history] == [(1, "Acme opens a lab"), (2, "Acme opens a second lab")]


def test_the_same_page_from_another_source_keeps_its_link_and_makes_no_second_headline(world: World) -> None:
    world.server.update({FEED: rss(A), BLOG: rss(Item("A lab opens", A.link, guid="blog-1"))})
    world.poll("acme/news")

    report = world.poll("acme/blog")

    assert (report.tally.duplicate, report.tally.created) == (1, 0)
    assert world.titles() == ["Acme opens a lab"]
    links = world.rows("SELECT rel, source_id FROM v1_links ORDER BY source_id")
    assert [tuple(row) for row in links] == [("alternate", "acme/blog"), ("primary", "acme/news")]
    assert [row.kind for row in world.rows("SELECT kind FROM v1_changes ORDER BY seq")] == ["created", "linked"]


def test_a_later_source_that_moves_its_entry_keeps_the_new_link_as_well(world: World, tmp_path: Path) -> None:
    """Found by the generated worlds: the entry was known, so its new address was kept nowhere."""
    world.server.update({FEED: rss(A)})
    world.poll("acme/news")
    there = replace(A, link="https://blog.acme-ai.com/lab", guid="lab")
    world.server.update({BLOG: rss(replace(there, link=A.link))})
    world.poll("acme/blog")
    world.server.update({BLOG: rss(there)})

    report = world.poll("acme/blog", after=timedelta(hours=2))

    assert (report.tally.seen, report.tally.created, report.tally.revised) == (1, 0, 0)
    links = {(row.source_id, row.url, row.rel) for row in world.rows("SELECT * FROM v1_links")}
    assert ("acme/blog", "https://blog.acme-ai.com/lab", "alternate") in links
    assert [row.kind for row in world.rows("SELECT kind FROM v1_changes ORDER BY seq")] == [
        "created",
        "linked",
        "linked",
    ]
    assert_replayed(world, tmp_path)


def test_unofficial_links_are_refused_by_name_and_the_rest_of_the_feed_lives(world: World) -> None:
    world.server.update(
        {
            FEED: rss(
                A,
                Item("Press", "https://press.example.net/acme", guid="1"),
                Item("Look-alike", "https://www.acme-ai.com.example.net/news", guid="2"),
                Item("Community", "https://www.acme-ai.com/community/t/1", guid="3"),
                Item("Script", "javascript:alert(1)", guid="4"),
            )
        }
    )

    report = world.poll()

    assert (report.tally.created, report.tally.rejected, report.tally.entries) == (1, 4, 5)
    reasons = {row.title: row.reason for row in world.rows("SELECT title, reason FROM v1_rejections")}
    assert reasons == {
        "Press": "off-scope",
        "Look-alike": "off-scope",
        "Community": "exception",
        "Script": "scheme",
    }
    world.poll(after=timedelta(hours=2))
    assert {row.times for row in world.rows("SELECT times FROM v1_rejections")} <= {1, 2}


def test_an_entry_that_leaves_the_feed_is_not_deleted_and_its_return_is_nothing_new(world: World) -> None:
    world.server.update({FEED: rss(A, B)})
    world.poll()
    world.server.update({FEED: rss(B)})
    world.poll(after=timedelta(hours=2))
    world.server.update({FEED: rss(B, A)})

    report = world.poll(after=timedelta(hours=2))

    assert (report.tally.seen, report.tally.created) == (2, 0)
    assert len(world.titles()) == 2


def test_a_failing_source_is_named_and_does_not_cost_its_neighbour(world: World) -> None:
    world.server.update({FEED: Answer(b"gone", "text/plain", 404), BLOG: rss(A)})

    report = world.round()

    outcomes = {poll.source_id: poll.outcome for poll in report.polls}
    assert outcomes == {"acme/news": Outcome.FAILED, "acme/blog": Outcome.OK}
    (state,) = world.rows("SELECT state, reason, consecutive_failures FROM v1_sources WHERE id = 'acme/news'")
    assert (state.state, state.consecutive_failures) == ("failing", 1)
    assert "404" in state.reason


def test_a_page_in_the_feeds_place_is_broken_and_what_was_there_stays(world: World) -> None:
    world.server.update({FEED: rss(A)})
    world.poll()
    world.server.update({FEED: Answer(b"<!doctype html><title>Welcome</title><p>Hello", "text/html")})

    report = world.poll(after=timedelta(hours=2))

    assert report.outcome is Outcome.BROKEN
    assert world.titles() == ["Acme opens a lab"]
    world.server.update({FEED: rss(A, B)})
    assert world.poll(after=timedelta(hours=30)).tally.created == 1


def test_a_redirect_off_the_list_is_never_followed(world: World) -> None:
    world.server.update({FEED: redirect("https://www.elsewhere.net/feed.xml")})

    report = world.poll()

    assert report.outcome is Outcome.MOVED
    assert {request.host for request in world.server.requests} == {"www.acme-ai.com"}


def test_only_due_sources_are_polled_and_named_ones_always(world: World) -> None:
    world.round(everything=False)
    world.server.forget_requests()

    assert world.round(everything=False, after=timedelta(minutes=5)).polls == ()
    assert world.server.requests == ()
    assert len(world.round("acme/news").polls) == 1
    assert len(world.round(everything=False, after=timedelta(hours=2)).polls) == 2


def test_a_source_that_another_worker_holds_is_left_to_it(world: World) -> None:
    current = world.make_round()
    held = current.claim(["acme/news"], since=world.at)

    assert [lease.source_id for _, lease in held.taken] == ["acme/news"]
    assert [poll.source_id for poll in world.round().polls] == ["acme/blog"]
    world.at += timedelta(hours=1)
    assert {poll.source_id for poll in world.round().polls} == {"acme/blog", "acme/news"}


def test_a_round_that_is_asked_to_stop_begins_nothing_new(world: World) -> None:
    world.stopped = True

    assert world.round().polls == ()
    assert world.server.requests == ()


def test_a_capture_that_was_not_ingested_goes_first_and_nothing_is_lost(world: World) -> None:
    world.server.update({FEED: rss(A)})
    current = world.make_round()
    ((state, lease),) = current.claim(["acme/news"], since=world.at).taken
    source = next(source for source in current.allowlist.sources if source.id == "acme/news")
    poll = current.poll(source, state, lease)
    plan = poll.plan(named=True)
    poll.answer = current.fetcher.get(plan)  # type: ignore[arg-type]  # a named source is planned
    keep([poll])
    world.server.update({FEED: rss(B)})

    world.at += timedelta(hours=1)
    reports = [report for report in world.round().polls if report.source_id == "acme/news"]

    assert [report.tally.created for report in reports] == [1, 1]
    assert len(world.titles()) == 2


def test_a_scope_that_leaves_the_list_takes_its_headlines_out_of_the_views_and_back(world: World) -> None:
    blog = Item("On the blog", "https://blog.acme-ai.com/posts/1", guid="x")
    world.server.update({FEED: rss(A, blog)})
    world.poll()
    narrower = LIST.replace("      - blog.acme-ai.com\n", "").replace(
        "      blog: {kind: feed, url: https://blog.acme-ai.com/feed.xml, lang: en}\n", ""
    )

    held = world.put_in_force(narrower)
    assert held.standing is Standing.HELD
    assert len(world.titles()) == 2

    applied = world.put_in_force(narrower, confirm=True)
    assert applied.standing is Standing.APPLIED
    assert world.titles() == ["Acme opens a lab"]

    assert world.put_in_force(LIST).standing is Standing.STALE
    assert world.put_in_force(LIST, deliberate=True).standing is Standing.APPLIED
    world.round(after=timedelta(hours=1))
    assert world.titles() == ["Acme opens a lab", "On the blog"]
    kinds = [row.kind for row in world.rows("SELECT kind FROM v1_changes ORDER BY seq")]
    assert kinds == ["created", "created", "revoked", "restored"]


def test_after_a_change_of_list_the_last_capture_is_read_again(world: World) -> None:
    press = Item("Now official", "https://labs.acme-ai.com/1", guid="l")
    world.server.update({FEED: rss(A, press)})
    world.poll()
    assert world.titles() == ["Acme opens a lab"]
    world.put_in_force(
        LIST.replace("      - blog.acme-ai.com\n", "      - blog.acme-ai.com\n      - labs.acme-ai.com\n")
    )

    world.round(everything=False)

    assert world.titles() == ["Acme opens a lab", "Now official"]
    assert len([request for request in world.server.requests if request.host == "www.acme-ai.com"]) == 1


def test_the_ledger_balances_for_every_poll(world: World) -> None:
    world.server.update(
        {FEED: rss(A, B, A, Item("", "https://www.acme-ai.com/x"), Item("P", "https://p.example.net/"))}
    )
    world.poll()

    (row,) = world.rows("SELECT * FROM polls")

    fates = ("created", "revised", "seen", "duplicate", "filtered", "rejected", "quarantined", "pending", "unparsable")
    assert row.entries == 5 == sum(getattr(row, fate) for fate in fates)


def test_first_fill_marks_old_entries_as_backfill(world: World) -> None:
    old = Item("Old", "https://www.acme-ai.com/old", NOW - timedelta(days=3), guid="old")
    world.server.update({FEED: rss(A, old)})
    world.poll()

    flags = {row.title: bool(row.backfill) for row in world.rows("SELECT title, backfill FROM v1_headlines")}

    assert flags == {"Acme opens a lab": False, "Old": True}


def test_with_our_own_policy_switched_off_the_database_still_refuses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def admit_all(vendor: Vendor, raw: str) -> policy.Admitted:
        return policy.Admitted(urls.parse(raw), vendor.scopes[0])

    monkeypatch.setattr(policy, "admit", admit_all)
    world.server.update({FEED: rss(A, Item("Press", "https://press.example.net/acme", guid="p"))})

    report = world.poll()

    assert report.outcome is Outcome.BROKEN
    assert "ingest-policy" in report.error
    assert world.rows("SELECT id FROM headlines") == []
    monkeypatch.undo()
    world.at += timedelta(hours=1)
    world.round()
    assert world.titles() == ["Acme opens a lab"]  # the bytes were kept, so nothing official is lost


def test_what_an_exception_revoked_is_shown_again_by_whichever_source_has_an_official_address_for_it(
    world: World,
) -> None:
    link = "https://www.acme-ai.com/news/lab"
    world.server.update({FEED: rss(Item("Acme opens a lab", link, guid="a")), BLOG: rss(Item("A lab", link, guid="b"))})
    world.round()
    world.put_in_force(LIST.replace('"!www.acme-ai.com/community/"', '"!www.acme-ai.com/news/lab"'), confirm=True)
    world.round()
    assert world.titles() == []
    moved = "https://blog.acme-ai.com/lab"
    world.server.update({BLOG: rss(Item("A lab", moved, guid="b"))})

    report = world.poll("acme/blog", after=timedelta(hours=2))

    assert report.tally.revised == 1
    rows = world.rows("SELECT url, title FROM v1_headlines")
    assert [tuple(row) for row in rows] == [(moved, "A lab")]
    world.server.update({BLOG: rss(Item("A lab opens", moved, guid="b"))})
    assert world.poll("acme/blog", after=timedelta(hours=2)).tally.revised == 1
    assert world.titles() == ["A lab opens"]
