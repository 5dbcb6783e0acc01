"""The commands in this process: real vendors on loopback TLS, real databases, nothing of ours replaced."""

from __future__ import annotations

import inspect
import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edges.commands import CommandLine
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.store.engine import HEAD, open_engine, write
from support.world import BLOG, FEED, LIST, NOW, Item, rss

LAB = Item("Acme opens a lab", "https://www.acme-ai.com/news/lab?utm_source=rss")
SHIP = Item("新しいモデルを公開", "https://www.acme-ai.com/news/ship", NOW - timedelta(days=1))
PRESS = Item("Press says", "https://press.example.net/acme")
FORUM = Item("A user asks", "https://www.acme-ai.com/community/t/1")
GONE = Answer(b"gone", "text/plain", 404)


@pytest.fixture
def vendors() -> Iterator[VendorServer]:
    with VendorServer({FEED: rss(LAB, SHIP, PRESS, FORUM), BLOG: rss()}) as server:
        yield server


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def command_line_in(
    folder: Path,
    vendors: VendorServer,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    for name, value in {**vendors.settings, "INGEST_HOST_GAP": "0s", "INGEST_DATABASE_URL": database}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    cli = CommandLine(folder, vendors, database, capsys)
    cli.write_list(LIST)
    return cli


@pytest.fixture
def bare_cli(
    tmp_path: Path, vendors: VendorServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """A cli on a SQLite database that does not exist yet."""
    return command_line_in(tmp_path, vendors, f"sqlite:///{tmp_path}/cli.db", monkeypatch, capsys)


@pytest.fixture
def cli(bare_cli: CommandLine, empty_database: Path) -> CommandLine:
    """A cli on a SQLite database at the present schema, in which nothing is."""
    shutil.copy(empty_database, bare_cli.folder / "cli.db")
    return bare_cli


@pytest.fixture
def any_cli(
    tmp_path: Path,
    vendors: VendorServer,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """A cli on either engine, at the present schema."""
    return command_line_in(tmp_path, vendors, database_url, monkeypatch, capsys)


# ── poll ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_first_poll_makes_the_database_and_names_it_and_reports_by_the_contract(bare_cli: CommandLine) -> None:
    ended = bare_cli("poll", "--json")

    assert (ended.status, f"Made the database {bare_cli.folder}/cli.db\n" in ended.err) == (0, True)
    report = ended.document()
    named = ["polled", "ok", "not_modified", "failed", "skipped", "created", "revised", "seen", "rejected", "sources"]
    assert list(report)[:10] == named
    assert [report[name] for name in named[:-1]] == [2, 2, 0, 0, 0, 2, 0, 0, 2]
    (news,) = (row for row in report["sources"] if row["id"] == "acme/news")
    assert (news["outcome"], news["status"], news["error"]) == ("ok", 200, "")
    fates = ("created", "revised", "seen", "duplicate", "filtered", "rejected", "quarantined", "pending", "unparsable")
    assert sum(news[fate] for fate in fates) == news["entries"] == 4
    assert news["bytes"] > 0
    assert news["ms"] >= 0


def test_people_get_what_is_new_and_what_failed_and_the_sums(any_cli: CommandLine) -> None:
    any_cli.vendors.update({BLOG: GONE})

    ended = any_cli("poll", "--all")

    assert ended.status == 1
    header, *rows, empty, sums = ended.out.splitlines()
    assert header.split() == ["source", "outcome", "created", "revised", "rejected", "what", "went", "wrong"]
    assert sorted(row.split()[0] for row in rows) == ["acme/blog", "acme/news"]
    assert "404" in next(row for row in rows if row.startswith("acme/blog"))
    assert empty == ""
    assert sums == "2 polled: 1 ok, 0 not modified, 1 failed, 0 skipped. 2 created, 0 revised, 2 rejected."


def test_results_of_pages_are_counted_at_their_source(any_cli: CommandLine) -> None:
    article = "https://www.acme-ai.com/news/{}"
    any_cli.write_list(LIST + "      site: {kind: sitemap, url: https://www.acme-ai.com/sitemap.xml, first_fill: 5}\n")
    names = ("one", "two", "bare")
    places = "".join(f"<url><loc>{article.format(name)}</loc></url>" for name in names)
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    pages = {
        article.format(name): Answer(
            f"<title>Acme ships {name}</title><h1>Acme ships {name}</h1>".encode(), "text/html"
        )
        for name in names[:2]
    }
    sitemap = Answer(f'<urlset xmlns="{namespace}">{places}</urlset>'.encode(), "application/xml")
    any_cli.vendors.update({"https://www.acme-ai.com/sitemap.xml": sitemap, article.format("bare"): GONE, **pages})

    shown = any_cli("poll", "acme/site", "acme/news").out.splitlines()

    rows = {row.split()[0]: row.split()[1:5] for row in shown[1:-2]}
    assert rows == {"acme/news": ["ok", "2", "0", "2"], "acme/site": ["ok", "2", "0", "0"]}
    assert shown[-1] == "2 polled: 2 ok, 0 not modified, 0 failed, 0 skipped. 4 created, 0 revised, 2 rejected."


def test_programs_get_the_documents_that_were_read_beside_those_of_the_sources(cli: CommandLine) -> None:
    page = "https://www.acme-ai.com/news/one"
    cli.write_list(LIST + "      site: {kind: sitemap, url: https://www.acme-ai.com/sitemap.xml, first_fill: 5}\n")
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{page}</loc></url></urlset>'
    cli.vendors.update(
        {
            "https://www.acme-ai.com/sitemap.xml": Answer(sitemap.encode(), "application/xml"),
            page: Answer(b"<title>Acme ships</title><h1>Acme ships</h1>", "text/html"),
        }
    )

    report = cli("poll", "acme/site", "--json").document()

    (source,), (document,) = report["sources"], report["documents"]
    assert (source["id"], source["pending"], source["created"]) == ("acme/site", 1, 0)
    assert (document["id"], document["outcome"], document["entries"], document["created"]) == ("acme/site", "ok", 1, 1)
    assert report["created"] == sum(row["created"] for row in (source, document))


def test_only_the_failures_that_were_asked_for_make_the_exit_status_1(cli: CommandLine) -> None:
    cli.vendors.update({BLOG: GONE})
    assert cli("poll", "--fail-on", "new").status == 1
    assert cli("poll", "--all", "--fail-on", "new").status == 0
    assert cli("poll", "--all", "--fail-on", "any").status == 1
    assert cli("poll", "--all", "--fail-on", "all").status == 0
    assert cli("poll", "acme/blog", "--fail-on", "all").status == 1
    cli.vendors.update({BLOG: rss()})
    assert cli("poll", "--all").status == 0


@pytest.mark.parametrize(
    ("name", "text"), [("INGEST_CONNECT_TO", "garbage"), ("INGEST_CA_FILE", "/nowhere.pem"), ("INGEST_TIMEOUT", "long")]
)
def test_a_setting_that_cannot_be_used_ends_with_2_before_anything_is_made(
    bare_cli: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    for command in ("poll", "run"):
        ended = bare_cli(command)
        assert (ended.status, name in ended.err, ended.err.count("\n")) == (2, True, 1)
    assert not (bare_cli.folder / "cli.db").exists()


def test_a_database_that_cannot_be_reached_is_one_sentence_and_3(cli: CommandLine) -> None:
    for command in ("poll", "status"):
        ended = cli(command, "--database", "postgresql://ingest:hunter2@127.0.0.1:1/x")
        assert (ended.status, "hunter2" in ended.err, "Traceback" in ended.err) == (3, False, False)
    ended = cli("poll", "--database", f"sqlite:///{cli.folder}/no/such/folder.db")
    assert (ended.status, "check that its directory exists" in ended.err) == (3, True)


def test_nothing_is_due_a_moment_later_but_what_is_named_is_polled(cli: CommandLine) -> None:
    cli("poll")
    cli.vendors.forget_requests()
    idle = cli("poll", "--json")
    assert (idle.status, idle.document()["polled"], cli.vendors.requests) == (0, 0, ())
    assert [row["outcome"] for row in cli("poll", "acme/news", "--json").document()["sources"]] == ["not_modified"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("poll", "acme/new"), 'acme/new: no such source in the list in force; did you mean "acme/news"?'),
        (("poll", "acme/news", "--all"), "name sources or give --all, not both"),
        (("poll", "--fail-on", "some"), "--fail-on"),
        (("headlines", "--vendor", "acmee"), 'acmee: no such vendor in the list in force; did you mean "acme"?'),
        (("rejections", "--source", "nobody/x"), "nobody/x: no such source"),
        (("headlines", "--since", "soon"), "--since: 'soon' is no day or moment; write a day (2026-05-22)"),
        (("headlines", "--limit", "-1"), "--limit"),
        (("headlines", "--limit", "x"), "'x' is not a valid int"),
        (("serve", "8080"), "8080: is not HOST:PORT"),
        (("no-such-command",), "no-such-command"),
        (("why", "h234567"), "h234567: there is no such headline"),
        (("why", "zzz"), "zzz: is neither a headline's id, which begins with h, nor a whole address"),
        (("why", "acme-ai.com"), "acme-ai.com: is neither a headline's id, which begins with h, nor a whole address"),
        (("poll", "--database", "mysql://x/y"), "--database: 'mysql://x/y' is not a database"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_status_2(
    cli: CommandLine, arguments: tuple[str, ...], sentence: str
) -> None:
    cli("poll")
    ended = cli(*arguments)
    assert ended.status == 2
    assert sentence in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


# ── the allow-list ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["", "version: 1\nvendors: {}\nsurprise: 1\n", None])
@pytest.mark.parametrize("command", ["poll", "run"])
def test_poll_and_run_start_with_a_good_file_or_not_at_all(cli: CommandLine, command: str, text: str | None) -> None:
    cli("sources", "apply")
    if text is None:
        (cli.folder / "sources.yaml").unlink()
    else:
        cli.write_list(text)
    ended = cli(command)
    assert (ended.status, ended.out, "sources.yaml" in ended.err) == (2, "", True)
    assert cli.vendors.requests == ()


def test_a_file_that_cannot_be_used_makes_no_database(bare_cli: CommandLine) -> None:
    bare_cli.write_list("broken")
    assert [bare_cli(command).status for command in ("poll", "run")] == [2, 2]
    assert not (bare_cli.folder / "cli.db").exists()


def test_a_missing_contact_is_reported_once_where_the_vendors_are_real(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "INGEST_CONTACT is not set"
    cli.write_list("broken")  # so that neither goes as far as asking anybody
    for command in ("poll", "run"):
        assert sentence not in cli(command).err
        with monkeypatch.context() as real:
            real.delenv("INGEST_CONNECT_TO")
            assert cli(command).err.count(sentence) == 1
            assert sentence not in cli("status").err
            real.setenv("INGEST_CONTACT", "ops@example.org")
            assert sentence not in cli(command).err
            real.delenv("INGEST_CONTACT")
            real.setenv("INGEST_USER_AGENT", "acme-news/1 (+https://www.example.org/)")
            assert sentence not in cli(command).err


def test_a_bad_or_missing_list_ends_with_2_and_nothing_is_fetched_whatever_is_in_force(cli: CommandLine) -> None:
    cli.write_list("version: 1\nvendors: {}\nsurprise: 1\n")
    bad = cli("poll")
    assert (bad.status, "sources.yaml:3:1: surprise" in bad.err) == (2, True)
    cli.write_list(LIST)
    assert cli("poll").status == 0
    cli.vendors.forget_requests()
    cli.write_list("")
    assert cli("poll", "--all").status == 2
    (cli.folder / "sources.yaml").unlink()
    gone = cli("poll", "--all")
    assert (gone.status, "cannot be read" in gone.err) == (2, True)
    assert cli.vendors.requests == ()
    assert len(cli("headlines", "--json").lines()) == 2


def test_a_list_that_removes_much_waits_for_confirmation_and_an_old_one_for_a_deliberate_word(
    any_cli: CommandLine,
) -> None:
    any_cli("poll")
    narrower = LIST.replace("      - www.acme-ai.com\n", "      - www.acme-ai.com/feed.xml\n")
    narrower = narrower.replace("home: https://www.", "home: https://blog.")
    path = any_cli.write_list(narrower)

    held = any_cli("poll")
    assert held.status == 0
    assert f"ingest sources apply {path.name} --confirm" in held.err
    assert 'the scope "www.acme-ai.com" of acme, with 2 headlines' in held.err
    assert any_cli("sources", "apply").status == 2
    assert len(any_cli("headlines", "--json").lines()) == 2

    applied = any_cli("sources", "apply", "--confirm", "--why", "the site moved")
    assert (applied.status, "now in force, as generation 2" in applied.out) == (0, True)
    assert any_cli("headlines", "--json").out == ""

    any_cli.write_list(LIST)
    stale = any_cli("poll", "--json")
    assert "was in force once and has been replaced: generation 2 stays in force" in stale.err
    assert any_cli("sources", "apply", "--json").document()["standing"] == "applied"
    assert len(any_cli("headlines", "--json").lines()) == 2
    rows = open_engine(any_cli.database)
    with write(rows) as conn:
        by, why = conn.exec_driver_sql('SELECT "by", why FROM generations WHERE number = 2').one()
    rows.dispose()
    assert ("@" in by, why) == (True, "the site moved")


def test_names_of_private_networks_need_the_setting_in_every_command(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cli.write_list(
        LIST.replace("      - blog.acme-ai.com\n", "      - blog.acme-ai.com\n      - wiki.acme.internal\n")
    )
    assert cli("sources", "check", str(path)).status == 0  # loopback is allowed here
    assert cli("poll").status == 0
    assert cli("sources", "disable", "acme/blog").status == 0
    monkeypatch.delenv("INGEST_PRIVATE_NETWORKS")
    for command in (("sources", "check"), ("sources", "check", str(path)), ("poll",), ("sources", "apply")):
        ended = cli(*command)
        assert (ended.status, "wiki.acme.internal" in ended.err) == (2, True), command
    assert len(cli("headlines", "--json").lines()) == 2  # the list in force was judged when it was applied
    assert cli("db", "check").status == 0


def test_an_exception_that_takes_links_out_says_what_it_would_remove(any_cli: CommandLine) -> None:
    any_cli("poll")
    shown = [line["url"] for line in any_cli("headlines", "--json").lines()]
    gone = shown[0]
    narrower = LIST.replace(
        "      - blog.acme-ai.com\n", f"      - blog.acme-ai.com\n      - '!{gone.removeprefix('https://')}'\n"
    )
    any_cli.write_list(narrower)
    held = any_cli("sources", "apply")
    assert held.status == 2
    assert f"1 headline outside the new list: {gone}" in held.err
    reported = any_cli("sources", "apply", "--json").document()
    assert (reported["standing"], reported["applied"]["revoked"], reported["applied"]["addresses"]) == (
        "held",
        1,
        [gone],
    )
    applied = any_cli("sources", "apply", "--confirm")
    assert (applied.status, f"1 headline outside the new list: {gone}" in applied.out) == (0, True)
    assert gone not in [line["url"] for line in any_cli("headlines", "--json").lines()]
    checked = any_cli("db", "check")
    assert checked.status == 0, checked.out


def test_rows_that_were_changed_by_hand_are_put_right_by_applying_the_list_again(any_cli: CommandLine) -> None:
    any_cli("poll")
    rows = open_engine(any_cli.database)
    with write(rows) as conn:
        conn.exec_driver_sql("UPDATE vendors SET home = 'https://evil.example.net/'")
        conn.exec_driver_sql("UPDATE sources SET url = 'https://evil.example.net/feed' WHERE id = 'acme/blog'")
    rows.dispose()
    checked = any_cli("db", "check")
    assert checked.status == 1
    assert "vendor acme (home is https://evil.example.net/)" in checked.out
    assert "source acme/blog (url is https://evil.example.net/feed)" in checked.out
    assert any_cli("sources", "apply").status == 0
    checked = any_cli("db", "check")
    assert checked.status == 0, checked.out


def test_checking_a_list_needs_no_database_and_reports_every_fault_at_once(bare_cli: CommandLine) -> None:
    good = bare_cli("sources", "check")
    assert (good.status, good.out) == (0, "sources.yaml is valid: 1 vendor, 2 sources, 3 scopes.\n")
    bare_cli.write_list(LIST.replace("kind: feed", "kind: fed"))
    bad = bare_cli("sources", "check", "sources.yaml")
    assert (bad.status, bad.out, bad.err.count('"fed"')) == (2, "", 2)
    reported = bare_cli("sources", "check", "--json")
    assert (reported.status, reported.document()["valid"], len(reported.document()["problems"])) == (2, False, 2)
    assert {problem["line"] for problem in reported.document()["problems"]} == {12, 13}
    assert not (bare_cli.folder / "cli.db").exists()


def test_the_sources_are_those_in_force_or_else_those_of_the_file_and_that_is_reported(bare_cli: CommandLine) -> None:
    before = bare_cli("sources", "list", "--json")
    assert [row["id"] for row in before.lines()] == ["acme/news", "acme/blog"]
    assert "No list is in force yet; this is sources.yaml." in before.err
    assert not (bare_cli.folder / "cli.db").exists()
    bare_cli("poll")
    bare_cli.write_list("broken")
    after = bare_cli("sources", "list")
    assert (after.status, after.err) == (0, "")
    assert after.out.splitlines()[1].split()[:5] == ["acme/news", "feed", "news", "en", "1h"]


def test_the_schema_of_the_list_is_one_json_document(cli: CommandLine) -> None:
    assert "vendors" in cli("sources", "schema").document()["properties"]


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_headlines_come_newest_first_each_with_its_link(any_cli: CommandLine) -> None:
    any_cli("poll")
    rows = any_cli("headlines", "--json").lines()
    assert [row["title"] for row in rows] == ["Acme opens a lab", "新しいモデルを公開"]
    assert rows[0]["url"] == "https://www.acme-ai.com/news/lab"
    assert rows[0]["published"] == "2026-05-22T11:00:00Z"
    header, first, second = any_cli("headlines").out.splitlines()
    assert header.split() == ["published", "vendor", "headline", "link", "id"]
    assert first.split()[:3] == ["2026-05-22", "11:00", "Acme"]
    assert second.endswith(rows[1]["id"])


@pytest.mark.parametrize(
    ("arguments", "titles"),
    [
        (("--lang", "ja"), ["新しいモデルを公開"]),
        (("--search", "モデル"), ["新しいモデルを公開"]),
        (("--vendor", "acme", "--source", "acme/blog"), []),
        (("--since", "2026-05-22"), ["Acme opens a lab"]),
        (("--until", "2026-05-22T11:00Z"), ["新しいモデルを公開"]),
        (("--limit", "1"), ["Acme opens a lab"]),
        (("--since", "today"), []),
    ],
)
def test_headlines_are_chosen_by_their_flags(cli: CommandLine, arguments: tuple[str, ...], titles: list[str]) -> None:
    cli("poll")
    ended = cli("headlines", "--json", *arguments)
    assert (ended.status, [row["title"] for row in ended.lines()]) == (0, titles)


def test_what_the_limit_leaves_out_is_reported_on_standard_error(cli: CommandLine) -> None:
    cli("poll")
    assert "1 more, older, not shown; --limit 0 shows all." in cli("headlines", "--limit", "1").err
    assert cli("headlines", "--limit", "2").err == ""


def test_columns_are_aligned_where_titles_are_wide(cli: CommandLine) -> None:
    from rich.cells import cell_len

    cli("poll")
    _, first, second = cli("headlines").out.splitlines()
    assert cell_len(first[: first.index("https:")]) == cell_len(second[: second.index("https:")])


def test_status_names_every_source_its_state_and_why(any_cli: CommandLine) -> None:
    any_cli.vendors.update({BLOG: GONE})
    any_cli("poll")
    ended = any_cli("status", "--all")
    blog, news = ended.out.splitlines()[1:]
    assert blog.split()[:2] == ["acme/blog", "failing"]
    assert "404" in blog
    assert news.split()[:2] == ["acme/news", "ok"]
    assert "2 sources: " in ended.err
    rows = any_cli("status", "--json").lines()
    assert [(row["id"], row["state"], row["consecutive_failures"]) for row in rows] == [
        ("acme/blog", "failing", 1),
        ("acme/news", "ok", 0),
    ]


def test_status_shows_what_needs_attention_and_counts_the_others(any_cli: CommandLine) -> None:
    any_cli.vendors.update({BLOG: GONE})
    any_cli("poll")
    ended = any_cli("status")
    assert [line.split()[0] for line in ended.out.splitlines()] == ["source", "acme/blog"]
    assert "2 sources: " in ended.err
    assert "1 that need no look are not shown (--all)." in ended.err
    assert [line.split()[0] for line in any_cli("status", "--state", "ok").out.splitlines()] == ["source", "acme/news"]
    assert len(any_cli("status", "--state", "ok", "--state", "failing").out.splitlines()) == 3
    assert len(any_cli("status", "--vendor", "acme", "--all").out.splitlines()) == 3
    assert len(any_cli("status", "--json").lines()) == 2
    assert [row["id"] for row in any_cli("status", "--state", "failing", "--json").lines()] == ["acme/blog"]
    whole = any_cli("status", "acme/news").out
    assert whole.startswith("acme/news\n")
    assert FEED in whole
    for wrong in (("--vendor", "acmee"), ("acme/nws",), ("--state", "odd")):
        assert any_cli("status", *wrong).status == 2
    any_cli.vendors.update({BLOG: rss()})
    any_cli("poll", "--all")
    ended = any_cli("status")
    assert (ended.out, "No source needs a look." in ended.err) == ("", True)


def test_what_the_demo_showed_is_found_beside_a_database_that_holds_nothing(
    bare_cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported = f"--database sqlite:///{bare_cli.folder}/cli-demo.db"
    assert reported not in bare_cli("headlines").err
    demo = bare_cli("demo")
    assert (demo.status, reported in demo.err) == (0, True)
    missing = bare_cli("headlines")
    assert (missing.status, reported in missing.err) == (3, True)
    bare_cli("sources", "apply")
    for command in ("headlines", "stories", "status"):
        assert reported in bare_cli(command).err
    bare_cli("poll")
    assert reported not in bare_cli("headlines", "--search", "nothing like it").err
    monkeypatch.delenv("INGEST_DATABASE_URL")
    (bare_cli.folder / "cli-demo.db").unlink()
    demo = bare_cli("demo")
    assert "to keep it: ingest demo --database sqlite:///demo.db" in demo.err
    assert sorted(path.name for path in bare_cli.folder.glob("*.db")) == ["cli.db"]


def test_a_demo_that_was_kept_goes_by_its_own_clock(cli: CommandLine) -> None:
    kept = ("--database", f"sqlite:///{cli.folder}/kept.db")
    assert cli("demo", *kept).status == 0
    ended = cli("status", "--all", *kept)
    assert "just now" in ended.out
    assert "Data as of just now" in ended.err
    assert "by its own clock, 2026-05-24 09:00Z" in ended.err
    assert not re.search(r"\d d ago", ended.err)
    recent = cli("headlines", "--since", "2d", "--json", *kept).lines()
    assert {row["published"][:10] for row in recent} == {"2026-05-22"}
    assert len(cli("stories", "--since", "2d", "--json", *kept).lines()) == 2


def test_titles_that_say_nothing_alone_come_with_their_product(any_cli: CommandLine) -> None:
    release = Item("v2.1.88", "https://www.acme-ai.com/news/release")
    any_cli.vendors.update({FEED: rss(release, LAB), BLOG: rss()})
    any_cli.write_list(LIST.replace("feed.xml, lang: en}", "feed.xml, lang: en, product: Acme Engine}", 1))
    any_cli("poll")
    rows = {row["title"]: row for row in any_cli("headlines", "--json").lines()}
    assert {title: row["display_title"] for title, row in rows.items()} == {
        "v2.1.88": "Acme Engine v2.1.88",
        "Acme opens a lab": "Acme opens a lab",
    }
    assert {row["product"] for row in rows.values()} == {"Acme Engine"}
    id_ = rows["v2.1.88"]["id"]
    for command in (("headlines",), ("stories",), ("story", id_), ("why", id_), ("why", release.link)):
        assert "Acme Engine v2.1.88" in any_cli(*command).out
    assert "v2.1.88\n" in any_cli("why", id_).out.split("title ", 1)[1]
    stories = {row["title"]: row["display_title"] for row in any_cli("stories", "--json").lines()}
    assert stories == {title: row["display_title"] for title, row in rows.items()}
    shown = any_cli("story", id_, "--json").document()["headlines"]
    assert [(row["title"], row["display_title"]) for row in shown] == [("v2.1.88", "Acme Engine v2.1.88")]


@pytest.mark.parametrize("command", ["check", "apply"])
def test_a_pipe_or_a_device_is_refused_as_a_list_at_once(cli: CommandLine, command: str) -> None:
    pipe = cli.folder / "pipe.yaml"
    os.mkfifo(pipe)
    for path, kind in ((pipe, "a pipe"), (Path("/dev/null"), "a device"), (cli.folder, "a directory")):
        ended = cli("sources", command, str(path))
        assert (ended.status, f"cannot be read: it is {kind}" in ended.err) == (2, True)
    assert cli("poll", "--sources", str(pipe)).status == 2


def test_rejections_name_their_rule(any_cli: CommandLine) -> None:
    any_cli("poll")
    rows = any_cli("rejections", "--json").lines()
    assert {(row["title"], row["reason"]) for row in rows} == {
        ("Press says", "off-scope"),
        ("A user asks", "exception"),
    }
    assert [row["title"] for row in any_cli("rejections", "--rule", "exception", "--json").lines()] == ["A user asks"]
    assert "www.acme-ai.com/community/t/1" in any_cli("rejections", "--source", "acme/news").out


def test_a_headline_is_traced_by_the_beginning_of_its_id(any_cli: CommandLine) -> None:
    any_cli("poll")
    item = any_cli("headlines", "--search", "lab", "--json").lines()[0]
    reported = any_cli("why", item["id"][:8])
    assert reported.status == 0
    for words in (item["id"], item["url"], "www.acme-ai.com", "generation 1", FEED, "127.0.0.1", "Revision 1"):
        assert words in reported.out
    result = any_cli("why", item["id"], "--json").document()
    assert result["headline"]["id"] == item["id"]
    assert result["capture"]["target_url"] == FEED
    assert [claim["source_id"] for claim in result["claims"]] == ["acme/news"]
    several = any_cli("why", "h")
    assert (several.status, "several headlines begin so" in several.err) == (2, True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://www.acme-ai.com/news/lab?utm_source=x", ["official for  Acme", "Headline: Acme opens a lab"]),
        (
            "https://press.example.net/acme",
            ["off-scope: the host press.example.net is in no", "Refused before", "Press says"],
        ),
        ("https://www.acme-ai.com/community/t/1", ['exception: "!www.acme-ai.com/community/"', "A user asks"]),
        ("https://www.acme-ai.com/new", ["by scope", "Nothing is stored under this address."]),
        ("https://user@www.acme-ai.com/", ["user-info: "]),
        ("javascript:alert(1)", ["refused by"]),
    ],
)
def test_an_address_is_judged_by_the_list_in_force(cli: CommandLine, url: str, words: list[str]) -> None:
    cli("poll")
    ended = cli("why", url)
    assert ended.status == 0
    for part in words:
        assert part in ended.out
    verdicts = cli("why", url, "--json").document()["verdicts"]
    assert [verdict["vendor_id"] for verdict in verdicts] == ["acme"]


def test_without_a_list_in_force_an_address_cannot_be_judged(cli: CommandLine) -> None:
    ended = cli("why", "https://www.acme-ai.com/")
    assert (ended.status, "no list is in force" in ended.err) == (2, True)
    assert cli("db", "upgrade").status == 0
    ended = cli("why", "https://www.acme-ai.com/")
    assert (ended.status, "no list is in force" in ended.err) == (2, True)


@pytest.mark.parametrize("arguments", [("serve", "abc"), ("run", "--serve", "abc"), ("demo", "--serve", "abc")])
def test_an_address_to_listen_on_is_checked_before_anything_is_created(
    bare_cli: CommandLine, arguments: tuple[str, ...]
) -> None:
    ended = bare_cli(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert "abc: is not HOST:PORT" in ended.err
    assert list(bare_cli.folder.iterdir()) == [bare_cli.folder / "sources.yaml"]
    assert bare_cli.vendors.requests == ()


@pytest.mark.parametrize("command", ["headlines", "status", "rejections"])
def test_reading_makes_no_database_out_of_a_mistyped_name(cli: CommandLine, command: str) -> None:
    ended = cli(command, "--database", "sqlite:///mistyped.db")
    assert (ended.status, ended.out) == (3, "")
    assert f"{cli.folder}/mistyped.db: there is no database yet" in ended.err
    assert not (cli.folder / "mistyped.db").exists()


# ── what vendors write ──────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_that_vendors_write_steers_a_terminal_or_is_taken_for_markup(cli: CommandLine) -> None:
    evil = "https://press.example.net/\u202ecod.exe"
    cli.vendors.update(
        {FEED: rss(Item("[bold red]Sale[/] :boom: \u202eevil", evil), Item("[link=x]y[/link]", LAB.link))}
    )
    cli("poll")
    for arguments in (("rejections",), ("rejections", "--json"), ("headlines",), ("headlines", "--json")):
        ended = cli(*arguments)
        assert ended.status == 0
        assert "\u202e" not in ended.out
        assert "\x1b" not in ended.out
    assert "[link=x]y[/link]" in cli("headlines").out
    assert "[bold red]Sale[/] :boom: " in cli("rejections").out


# ── database ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_schema_is_reported_made_and_checked(bare_cli: CommandLine) -> None:
    before = bare_cli("db", "current")
    assert (before.status, before.out, "there is no database yet" in before.err) == (3, "no schema\n", True)
    assert bare_cli("db", "current", "--json").document()["at"] is None
    assert not (bare_cli.folder / "cli.db").exists()
    built = bare_cli("db", "upgrade", "--json")
    assert built.document() == {"database": f"{bare_cli.folder}/cli.db", "from": None, "to": HEAD}
    assert "already" in bare_cli("db", "upgrade").out
    assert (bare_cli("db", "current").status, bare_cli("db", "current").out, bare_cli("db", "current").err) == (
        0,
        f"{HEAD}\n",
        "",
    )
    bare_cli("poll")
    checked = bare_cli("db", "check", "--json")
    assert (checked.status, {row["level"] for row in checked.lines()} <= {"ok", "warning"}) == (0, True)


def test_a_database_that_was_tampered_with_is_a_fault(cli: CommandLine) -> None:
    cli("poll")
    engine = open_engine(cli.database)
    with write(engine) as conn:
        conn.exec_driver_sql("UPDATE scopes SET host = 'press.example.net' WHERE host = 'www.acme-ai.com'")
    engine.dispose()
    ended = cli("db", "check")
    assert ended.status == 1
    assert "fault" in ended.out


def test_a_list_in_force_that_was_tampered_with_is_a_fault_among_the_others(cli: CommandLine) -> None:
    cli("poll")
    engine = open_engine(cli.database)
    with write(engine) as conn:
        conn.exec_driver_sql("UPDATE generations SET text = 'version: 1'")
    engine.dispose()
    ended = cli("db", "check", "--json")
    assert ended.status == 1
    (fault,) = (row for row in ended.lines() if row["level"] == "fault")
    assert "the stored text of the list in force is refused" in fault["what"]
    assert "vendors" in fault["what"]


def test_another_schema_stops_every_command_with_3_and_names_the_way_out(cli: CommandLine) -> None:
    cli("db", "upgrade")
    engine = open_engine(cli.database)
    with write(engine) as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '99990101_0001'")
    engine.dispose()
    for arguments in (
        ("headlines",),
        ("db", "check"),
        ("db", "upgrade"),
        ("db", "current"),
        ("poll",),
        ("serve", "[::1]:0"),
    ):
        ended = cli(*arguments)
        assert (ended.status, "not one that this version knows; use the version" in ended.err) == (3, True)
    assert cli("db", "current").out == "99990101_0001\n"


@pytest.mark.parametrize(
    "arguments", [("poll",), ("run",), ("serve", "127.0.0.1:0"), ("db", "upgrade"), ("headlines",)]
)
def test_another_programs_file_gets_none_of_our_tables(bare_cli: CommandLine, arguments: tuple[str, ...]) -> None:
    path = bare_cli.folder / "cli.db"
    with closing(sqlite3.connect(path)) as photos:
        photos.execute("CREATE TABLE photos (name TEXT)")
        photos.commit()
    before = path.read_bytes()
    ended = bare_cli(*arguments)
    assert (ended.status, ended.out) == (3, "")
    assert f"{path}: holds tables of another program and none of ours; name another file with --database" in ended.err
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_one_sentence_and_3(cli: CommandLine) -> None:
    (cli.folder / "cli.db").write_text("These are notes, and no database at all. " * 50)
    for command in ("poll", "headlines"):
        ended = cli(command)
        assert ended.status == 3
        assert "Traceback" not in ended.err
        assert f"{cli.folder}/cli.db" in ended.err


# ── settings and help ───────────────────────────────────────────────────────────────────────────────────────────


def test_settings_show_value_and_origin_and_mask_passwords(cli: CommandLine) -> None:
    url = "postgresql://ingest:hunter2@db.example/ingest"
    rows = {row["name"]: row for row in cli("settings", "--json", "--database", url).lines()}
    assert (rows["INGEST_DATABASE_URL"]["origin"], rows["INGEST_HOST_GAP"]["origin"]) == ("flag", "environment")
    assert rows["INGEST_DATABASE_URL"]["value"] == "postgresql://ingest:***@db.example/ingest"
    assert "hunter2" not in cli("settings", "--database", url).out


def test_a_variable_that_is_no_setting_is_named(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_HOSTGAP", "2s")
    ended = cli("settings")
    assert (
        ended.status,
        "INGEST_HOSTGAP is no setting and does nothing; did you mean INGEST_HOST_GAP?" in ended.err,
    ) == (
        0,
        True,
    )


def test_every_command_has_help_with_an_example(cli: CommandLine) -> None:
    from typer.core import TyperGroup

    from ingest.cli import command_tree

    waiting: list[tuple[tuple[str, ...], Any]] = [((), command_tree())]
    seen = 0
    while waiting:
        words, command = waiting.pop()
        if isinstance(command, TyperGroup):
            waiting += [((*words, name), child) for name, child in command.commands.items()]
            continue
        ended = cli(*words, "--help")
        assert (ended.status, ended.err) == (0, "")
        assert f"Example:\n    ingest {' '.join(words)}" in ended.out
        seen += 1
    assert seen >= 16


def test_the_help_of_a_group_shows_the_first_line_of_each_command() -> None:
    from ingest.cli.lazy import CommandEntry, GroupEntry, function_of
    from ingest.cli.table import TABLE

    entries: list[CommandEntry | GroupEntry] = list(TABLE.values())
    for group in [entry for entry in entries if isinstance(entry, GroupEntry)]:
        entries += group.commands.values()
    commands = [entry for entry in entries if isinstance(entry, CommandEntry)]
    assert len(commands) > 30
    for entry in commands:
        first = (inspect.getdoc(function_of(entry)) or "").partition("\n\n")[0]
        assert entry.summary == " ".join(first.split())


def test_the_version_is_reported(cli: CommandLine) -> None:
    from ingest import __version__

    assert cli("--version").out == f"ingest {__version__}\n"


def test_why_says_what_a_relative_link_was_relative_to(cli: CommandLine) -> None:
    feed = '<rss version="2.0"><channel><title>Acme</title><link>https://www.acme-ai.com/</link><item><title>Lab</title><link>/news/lab</link></item></channel></rss>'
    cli.vendors.update({BLOG: Answer(feed.encode(), "application/rss+xml")})
    cli("poll", "acme/blog")
    (item,) = cli("headlines", "--source", "acme/blog", "--json").lines()
    assert item["url"] == "https://www.acme-ai.com/news/lab"
    assert "relative to  channel link https://www.acme-ai.com/" in cli("why", item["id"]).out
