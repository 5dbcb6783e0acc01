"""The commands for sources: discover, try, add, enable, disable, and what was filtered."""

from __future__ import annotations

import json
import logging
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edges.commands import CommandLine
from ingest import allowlist
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.store.engine import open_engine, read
from support.world import FEED, LIST, Item, rss

NEWS = "https://www.acme-ai.com/news"
STRANGER = "https://www.stranger-ai.org/blog"
TITLES = ("Acme releases the first one", "Acme releases another one", "Acme opens an office", "Acme hires a poet")
COMMENTED = LIST.replace("    sources:\n", "    sources:            # ours\n      # the newsroom\n")


def listing(*titles: str, name: str = "card", head: str = "") -> Answer:
    items = "".join(
        f'<li class="{name}"><a href="/news/{n}"><h3>{title}</h3></a><time>May {n}, 2026</time></li>'
        for n, title in enumerate(titles, 1)
    )
    page = f'<!doctype html><html lang="en"><head><title>News</title>{head}</head><body><main><ul>{items}</ul></main></body></html>'
    return Answer(page.encode(), "text/html")


PAGE = listing(*TITLES, head='<link rel=alternate type="application/rss+xml" href="/feed.xml" title="Acme News">')


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    """A cli with a list that has comments, on a database that does not exist yet."""
    feed = rss(Item("Acme opens a lab", f"{NEWS}/lab"), Item("Press says", "https://press.example.net/1"))
    with VendorServer({FEED: feed, NEWS: PAGE, STRANGER: listing(*TITLES)}) as vendors:
        database = f"sqlite:///{tmp_path}/cli.db"
        for name, value in {**vendors.settings, "INGEST_HOST_GAP": "0s", "INGEST_DATABASE_URL": database}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        cli = CommandLine(tmp_path, vendors, database, capsys)
        cli.write_list(COMMENTED)
        yield cli


def asked(cli: CommandLine, path: str) -> int:
    return sum(request.url.endswith(path) for request in cli.vendors.requests)


# ── discover ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_is_fetched_once_and_its_list_and_feed_are_proposed_with_stanzas(cli: CommandLine) -> None:
    ended = cli("sources", "discover", NEWS, "--json")
    assert (ended.status, ended.err) == (0, "")
    result = ended.document()
    assert (result["vendor"], result["read_from"], result["error"]) == ("acme", "the site, just now", "")
    kinds = [one["kind"] for one in result["proposals"]]
    assert {"page", "feed"} <= set(kinds)
    page = result["proposals"][kinds.index("page")]
    assert [entry["title"] for entry in page["entries"]] == list(TITLES)
    assert (page["count"], page["official"], page["doubts"]) == (4, 4, [])
    assert 0.5 < page["sure"] <= 1
    assert page["why"]
    feed = result["proposals"][kinds.index("feed")]
    assert (feed["url"], feed["title"], feed["count"], feed["entries"]) == (FEED, "Acme News", None, [])
    assert (feed["polled_as"], page["polled_as"]) == (["acme/news"], [])
    assert not (cli.folder / "cli.db").exists()
    assert (cli.folder / "sources.yaml").read_text(encoding="utf-8") == COMMENTED


def test_a_proposed_stanza_can_be_tried_and_its_command_adds_it(cli: CommandLine) -> None:
    result = cli("sources", "discover", NEWS, "--json").document()
    page = next(one for one in result["proposals"] if one["kind"] == "page")
    (cli.folder / "stanza.yaml").write_text(page["stanza"], encoding="utf-8")
    tried = cli("sources", "try", "stanza.yaml", "--json")
    assert (tried.status, tried.document()["tally"]["created"], tried.document()["state"]) == (0, 4, "ok")
    program, *words = shlex.split(page["command"])
    assert program == "ingest"
    added = cli(*words)
    assert added.status == 0, added.err
    listed = allowlist.load(cli.folder / "sources.yaml")
    source_id = tried.document()["source"]
    assert source_id == "acme/news-2"  # acme/news is taken
    assert {item.id for item in listed.sources} == {"acme/news", "acme/blog", source_id}
    assert cli("poll", source_id, "--json").document()["created"] == 4


def test_people_read_how_sure_it_is_and_why(cli: CommandLine) -> None:
    ended = cli("sources", "discover", "www.acme-ai.com/news")
    assert ended.status == 0
    assert ended.out.startswith(f"{NEWS}: official for Acme; read from the site, just now.\n")
    assert "% sure: " in ended.out
    assert "4 entries, 4 of them official for Acme." in ended.out
    assert "\n      news-2:\n        kind: page\n" in ended.out
    assert "ingest sources try FILE" in ended.err


def test_a_stored_page_needs_no_network(cli: CommandLine) -> None:
    saved = cli("sources", "discover", NEWS, "--save", "news.html")
    assert (saved.status, "go on with --from news.html" in saved.err) == (0, True)
    cli("sources", "add", "acme", "list", "--kind", "page", "--url", NEWS, "--select", "entry=li.card")
    cli("poll")
    before = asked(cli, "/news")
    for words in (("discover", NEWS), ("try", "acme/list"), ("discover", STRANGER, "--from", "news.html")):
        ended = cli("sources", *words, "--json")
        assert ended.status == 0, ended.err
    assert cli("sources", "try", "acme/list", "--json").document()["read_from"].startswith("capture ")
    assert asked(cli, "/news") == before
    assert cli("sources", "try", "acme/list", "--fetch", "--json").document()["read_from"] == "the site, just now"
    assert asked(cli, "/news") == before + 1


def test_what_no_vendor_lists_is_asked_only_on_an_operators_own_account(cli: CommandLine) -> None:
    ended = cli("sources", "discover", STRANGER)
    assert (ended.status, "no vendor of the list admits this address" in ended.err) == (2, True)
    assert asked(cli, "/blog") == 0
    alone = cli("sources", "discover", STRANGER, "--unlisted", "--json")
    assert (alone.status, asked(cli, "/blog")) == (0, 1)
    assert "because you say so" in alone.err
    assert (alone.document()["vendor"], alone.document()["proposals"][0]["official"]) == (None, None)
    assert "ingest sources add VENDOR blog " in alone.document()["proposals"][0]["command"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("https://www.acme-ai.com/community/t/1", "--unlisted"), '"!www.acme-ai.com/community/" excepts it'),
        (("http://www.acme-ai.com/news",), "is not https"),
        (("https://127.0.0.1/", "--unlisted"), "the address"),
        ((NEWS, "--vendor", "acmee"), 'no such vendor in the allow-list; did you mean "acme"?'),
        ((NEWS, "--from", "nowhere.html"), "cannot be read"),
        (("https://bit.ly/x", "--unlisted"), "is not asked"),
    ],
)
def test_an_address_that_may_not_be_fetched_is_one_sentence_and_2(
    cli: CommandLine, words: tuple[str, ...], message: str
) -> None:
    ended = cli("sources", "discover", *words)
    assert (ended.status, ended.out, message in ended.err) == (2, "", True), ended.err
    assert cli.vendors.requests == ()


def test_an_unlisted_host_that_is_not_public_is_not_asked(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_PRIVATE_NETWORKS", "")
    ended = cli("sources", "discover", STRANGER, "--unlisted", "--json")
    assert (ended.status, ended.document()["outcome"]) == (1, "failed"), ended
    assert cli.vendors.requests == ()


def test_robots_txt_is_followed_as_by_a_poll(cli: CommandLine) -> None:
    rules = Answer(b"User-agent: *\nDisallow: /news\n", "text/plain")
    cli.vendors.update({"https://www.acme-ai.com/robots.txt": rules})
    ended = cli("sources", "discover", NEWS, "--json")
    assert (ended.status, "robots" in ended.document()["rule"]) == (1, True), ended
    assert asked(cli, "/news") == 0
    assert cli("sources", "try", "acme/news").status == 0  # a feed is published for machines


def test_a_page_that_does_not_answer_ends_with_1_and_its_rule(cli: CommandLine) -> None:
    cli.vendors.update({NEWS: Answer(b"no", "text/plain", 403)})
    ended = cli("sources", "discover", NEWS)
    assert (ended.status, ended.out) == (1, "")
    assert f"{NEWS}: blocked (" in ended.err
    assert cli("sources", "try", "acme/news", "--from", "sources.yaml").status == 1


# ── try ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_source_that_was_never_applied_is_tried_and_nothing_is_recorded(cli: CommandLine) -> None:
    ended = cli("sources", "try", "acme/news")
    assert ended.status == 0
    head, sums, *_ = ended.out.splitlines()
    assert head == f"acme/news (feed) {FEED}: read from the site, just now."
    assert sums == "2 entries: 1 new, 1 rejected."
    assert "off-scope: " in ended.out
    assert not (cli.folder / "cli.db").exists()
    cli("poll")
    known = cli("sources", "try", "acme/news", "--json").document()
    assert [entry["fate"] for entry in known["entries"]] == ["seen", "rejected"]
    engine = open_engine(cli.database)
    with read(engine) as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM captures").scalar_one() == 1  # the poll's own
    engine.dispose()


def test_an_extraction_that_fails_the_self_check_ends_with_1_and_a_remedy(cli: CommandLine) -> None:
    cli.vendors.update({NEWS: listing("Home", "About us", "Careers", "Contact")})
    (cli.folder / "s.yaml").write_text(f"x: {{kind: page, url: {NEWS}, lang: en, select: {{entry: li.card}}}}")
    ended = cli("sources", "try", "s.yaml")
    assert ended.status == 1
    assert "Nothing would be recorded; the source would be broken:" in ended.out
    assert "navigation: " in ended.out
    assert "4 quarantined" in ended.out


def test_a_sitemap_that_lists_others_is_tried_with_its_first_parts(cli: CommandLine) -> None:
    ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    host = "https://www.acme-ai.com"
    parts = {
        f"{host}/map-{n}.xml": Answer(f"<urlset {ns}><url><loc>{host}/research/{n}</loc></url></urlset>".encode())
        for n in range(5)
    }
    index = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in parts)
    cli.vendors.update({f"{host}/sitemap.xml": Answer(f"<sitemapindex {ns}>{index}</sitemapindex>".encode()), **parts})
    (cli.folder / "s.yaml").write_text(f"map: {{kind: sitemap, url: {host}/sitemap.xml}}")
    result = cli("sources", "try", "s.yaml", "--json").document()
    assert (len(result["parts"]), result["odd"]) == (5, [])
    assert [entry["url"] for entry in result["entries"]] == [f"{host}/research/{n}" for n in range(3)]
    assert result["tally"]["pending"] == 3
    assert f"2 of the 5 parts of {host}/sitemap.xml were not read" in cli("sources", "try", "s.yaml").err
    (cli.folder / "index.xml").write_text(f"<sitemapindex {ns}>{index}</sitemapindex>")
    assert "5 of the 5 parts" in cli("sources", "try", "s.yaml", "--from", "index.xml").err
    assert cli("sources", "discover", f"{host}/sitemap.xml", "--json").document()["proposals"][0]["kind"] == "sitemap"


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("", 2, "holds no stanza"),
        ("x: {kind: page, url: https://www.acme.com/}", 2, "no vendor of the list admits its url"),
        (f"x: {{kind: page, url: {NEWS}, select: {{entri: li}}}}", 2, 'Did you mean "entry"?'),
    ],
)
def test_a_stanza_with_a_fault_is_reported_before_anything_is_asked(
    cli: CommandLine, text: str, status: int, message: str
) -> None:
    (cli.folder / "s.yaml").write_text(text)
    ended = cli("sources", "try", "s.yaml")
    assert (ended.status, ended.out, message in ended.err) == (status, "", True), ended.err
    assert cli.vendors.requests == ()


def test_an_unknown_source_is_wrong_usage(cli: CommandLine) -> None:
    ended = cli("sources", "try", "acme/newss")
    assert (ended.status, 'did you mean "acme/news"?' in ended.err) == (2, True)


def test_nothing_that_pages_write_steers_a_terminal(cli: CommandLine) -> None:
    evil = "Sale \x1b[31m now \u202eevil"
    cli.vendors.update({NEWS: listing(*(f"{evil} {n}" for n in range(4)), name="card\u202e")})
    for words in (("discover", NEWS), ("discover", NEWS, "--json")):
        ended = cli("sources", *words)
        assert "Sale" in ended.out
        assert not {"\x1b", "\u202e"} & set(ended.out + ended.err)


# ── add, enable, disable ────────────────────────────────────────────────────────────────────────────────────────


def test_a_source_is_added_behind_the_others_and_all_else_stays(cli: CommandLine) -> None:
    words: tuple[str, ...] = (
        "acme",
        "list",
        "--kind",
        "page",
        "--url",
        NEWS,
        "--lang",
        "en",
        "--role",
        "press",
        "--topic",
        "AI",
    )
    words += ("--select", "entry=li.card", "--select", "title=h3 ~ (.+)=x", "--note", "# not: a comment")
    shown = cli("sources", "add", *words, "--dry-run")
    assert shown.status == 0
    assert (cli.folder / "sources.yaml").read_text(encoding="utf-8") == COMMENTED
    assert "+      list:\n+        kind: page\n" in shown.out
    ended = cli("sources", "add", *words, "--json")
    assert (ended.status, ended.document()["changed"], ended.document()["problems"]) == (0, True, [])
    after = (cli.folder / "sources.yaml").read_text(encoding="utf-8")
    assert after.startswith(COMMENTED.rstrip("\n"))
    (item,) = (one for one in allowlist.load(cli.folder / "sources.yaml").sources if one.id == "acme/list")
    assert (item.kind, item.role, item.lang, item.topics, item.note) == (
        "page",
        "press",
        "en",
        ("AI",),
        "# not: a comment",
    )
    assert dict(item.select) == {"entry": "li.card", "title": "h3 ~ (.+)=x"}


def test_a_source_with_faults_changes_nothing_and_all_are_reported(cli: CommandLine) -> None:
    words = ("sources", "add", "acme", "List", "--kind", "page", "--url", "https://www.acme.com/", "--lang", "jp")
    ended = cli(*words)
    assert (ended.status, ended.out) == (2, "")
    for message in (
        "nothing was changed",
        "vendors.acme.sources.List: ",
        'Did you mean "ja"',
        "needs select.entry",
        "url: ",
    ):
        assert message in ended.err
    reported = cli(*words, "--json")
    assert (reported.status, reported.document()["changed"], len(reported.document()["problems"])) == (2, False, 4)
    assert (cli.folder / "sources.yaml").read_text(encoding="utf-8") == COMMENTED


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("acmee", "x"), 'did you mean "acme"?'),
        (("nova", "x"), "write it into the file first, with its name, home and official scopes."),
        (("acme", "news"), "is in the list already"),
        (("acme", "x", "--select", "h3"), "is no NAME=PICK"),
        (("acme", "x", "--select", "title=a", "--select", "title=b"), "is given twice"),
    ],
)
def test_wrong_usage_of_add_is_one_sentence(cli: CommandLine, words: tuple[str, ...], message: str) -> None:
    ended = cli("sources", "add", *words, "--kind", "feed", "--url", FEED)
    assert (ended.status, message in ended.err, ended.err.count("\n")) == (2, True, 1)


def test_a_source_is_disabled_with_its_reason_and_enabled_again(cli: CommandLine) -> None:
    off = cli("sources", "disable", "acme/news", "--why", "moved: ask them")
    assert (off.status, off.out) == (0, "acme/news is disabled in sources.yaml.\n")
    text = (cli.folder / "sources.yaml").read_text(encoding="utf-8")
    assert "lang: en, enabled: false, paused: 'moved: ask them'}" in text
    assert "# the newsroom" in text
    assert cli("sources", "disable", "acme/news").out == "acme/news is disabled already; nothing changed.\n"
    on = cli("sources", "enable", "acme/news", "--json")
    assert (on.status, on.document()["source"]["enabled"]) == (0, True)
    ended = cli("sources", "enable", "acme/nws")
    assert (ended.status, 'did you mean "acme/news"?' in ended.err) == (2, True)
    assert "paused" not in (cli.folder / "sources.yaml").read_text(encoding="utf-8")
    assert "No note says why" in cli("sources", "disable", "acme/blog").err


def test_a_pause_keeps_the_note_and_is_recognised_by_status_without_a_next_poll(cli: CommandLine) -> None:
    cli.write_list(LIST.replace("feed.xml, lang: en}", "feed.xml, lang: en, note: The main voice.}", 1))
    cli("poll")
    assert cli("sources", "disable", "acme/news", "--note", "They asked us to.").status == 0
    (news,) = (item for item in allowlist.load(cli.folder / "sources.yaml").sources if item.id == "acme/news")
    assert (news.note, news.paused) == ("The main voice.", "They asked us to.")
    assert cli("sources", "apply").status == 0
    (row,) = cli("status", "--state", "disabled", "--json").lines()
    reported = (row["id"], row["state"], row["reason"], row["next_poll_at"])
    assert reported == ("acme/news", "disabled", "They asked us to.", None)
    assert "acme/news" not in cli("status").out
    assert "They asked us to." in cli("status", "--all").out
    assert "disabled: They asked us to." in cli("sources", "list").out
    assert cli("sources", "enable", "acme/news").status == 0
    assert cli("sources", "apply").status == 0
    (row,) = cli("status", "acme/news", "--json").lines()
    assert (row["state"], row["reason"], row["next_poll_at"] is None) == ("ok", "", False)


def test_an_edit_that_makes_an_older_file_again_says_what_puts_it_in_force(cli: CommandLine) -> None:
    following = "The next poll puts the file in force, or now: ingest sources apply\n"
    assert cli("sources", "disable", "acme/news", "--why", "moved").err == following
    assert cli("sources", "enable", "acme/news").err == following
    cli("poll")
    assert cli("sources", "disable", "acme/news", "--why", "moved").err == following
    cli("poll")

    message = cli("sources", "enable", "acme/news").err

    assert message == (
        "The file was in force once and has been replaced, so no poll takes it by itself. "
        "To put it in force: ingest sources apply\n"
    )
    assert "was in force once" in cli("poll").err
    cli("sources", "apply")
    (row,) = cli("status", "acme/news", "--json").lines()
    assert row["state"] == "ok"
    cli("sources", "disable", "acme/news", "--why", "moved")
    assert cli("sources", "enable", "acme/news").err == "The file is in force as it stands.\n"


def test_edits_at_once_lose_nothing(cli: CommandLine) -> None:
    def started(n: int) -> subprocess.Popen[str]:
        return cli.start("sources", "add", "acme", f"n-{n}", "--kind", "feed", "--url", f"{FEED}?n={n}", "--json")

    editing = {f"acme/n-{n}": started(n) for n in range(4)}
    ended = {name: process.communicate(timeout=60)[1] for name, process in editing.items()}
    done = {name for name, process in editing.items() if process.returncode == 0}
    listed = {item.id for item in allowlist.load(cli.folder / "sources.yaml").sources}
    assert done
    assert listed == {"acme/news", "acme/blog"} | done
    assert all("was changed meanwhile" in ended[name] for name in editing.keys() - done)


def test_a_list_that_is_broken_already_is_not_edited(cli: CommandLine) -> None:
    cli.write_list(COMMENTED.replace("kind: feed", "kind: fed"))
    ended = cli("sources", "disable", "acme/news")
    assert (ended.status, ended.out, ended.err.count('"fed"')) == (2, "", 2)


# ── what was filtered ───────────────────────────────────────────────────────────────────────────────────────────


def test_filtered_entries_are_counted_and_shown_on_request(cli: CommandLine) -> None:
    cli.write_list(LIST.replace("feed.xml, lang: en}", "feed.xml, lang: en, exclude: ['title:lab']}"))
    assert cli("poll", "acme/news", "--json").document()["filtered"] == 1
    (row,) = cli("rejections", "--status", "filtered", "--json").lines()
    assert (row["title"], row["reason"]) == ("Acme opens a lab", "exclude")
    (row,) = cli("rejections", "--status", "rejected", "--json").lines()
    assert row["reason"] == "off-scope"
    assert cli("rejections", "--status", "quarantined").err == "Nothing is quarantined.\n"
    assert cli("rejections", "--status", "strange").status == 2
    assert json.dumps(row)
