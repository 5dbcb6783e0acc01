"""What the words beside a date make of it, in lists, data and feeds."""

from __future__ import annotations

import pytest

from ingest.dates.printed import stated
from ingest.model import Dated, Entry, Kind
from ingest.parse import parse
from support.documents import make_capture, make_source

LABELS = [
    ("公開日：2026年4月1日 更新日：2026年5月1日", "2026-04-01", "2026-05-01"),
    ("更新日：2026年5月1日 公開日：2026年4月1日", "2026-04-01", "2026-05-01"),
    ("掲載日 R8.4.1", "2026-04-01", ""),
    ("発表日：令和8年4月1日（水） 午後３時", "2026-04-01", ""),
    ("2026年4月1日付", "2026-04-01", ""),
    ("2026年4月1日 付け", "2026-04-01", ""),
    ("2026年4月1日公開 2026年5月1日更新", "2026-04-01", "2026-05-01"),
    ("2026年4月1日 更新 2026年5月1日", "2026-04-01", "2026-05-01"),
    ("2026年4月1日（更新：2026年5月1日）", "2026-04-01", "2026-05-01"),
    ("最終更新：2026年5月1日 午前10時", "", "2026-05-01"),
    ("2026年5月1日 午前10時 更新", "", "2026-05-01"),
    ("2026年5月1日（更新）", "", "2026-05-01"),
    ("更新时间：2026-05-01 下午3:05", "", "2026-05-01"),
    ("发布时间：2026-04-01 10:00 更新时间：2026-05-01", "2026-04-01", "2026-05-01"),
    ("입력 2026.04.01. 오전 10:00 수정 2026.05.01. 오후 3:00", "2026-04-01", "2026-05-01"),
    ("Published April 1, 2026 | Updated May 1, 2026", "2026-04-01", "2026-05-01"),
    ("Last updated: May 1, 2026 3:00 p.m.", "", "2026-05-01"),
    ("更新日：12/05/2026 公開日：2026年4月1日", "2026-04-01", ""),
]
UNLABELLED = [
    ("2026年4月1日 午前10時00分", "2026-04-01", ""),
    ("NEWS 2026.4.1 更新プログラムの公開", "2026-04-01", ""),
    ("2026年4月1日 更新情報", "2026-04-01", ""),
    ("12/05/2026 午前10時", "", ""),
]


def day(date: Dated) -> str:
    return f"{date.value:%Y-%m-%d}" if date.value else ""


def days(entry: Entry) -> tuple[str, str]:
    return day(entry.published), day(entry.updated)


@pytest.mark.parametrize(("text", "published", "updated"), [*LABELS, *UNLABELLED])
def test_a_text_says_when_something_was_published_and_when_it_was_changed(
    text: str, published: str, updated: str
) -> None:
    message = stated([text])
    assert (day(message.published), day(message.updated)) == (published, updated)


@pytest.mark.parametrize(("text", "published", "updated"), LABELS)
def test_the_rule_is_the_same_in_a_feed_and_in_a_list(text: str, published: str, updated: str) -> None:
    feed = f"<rss version='2.0'><channel><title>T</title><item><title>One</title><link>https://www.acme-ai.com/1</link><pubDate>{text}</pubDate></item></channel></rss>"
    (entry,) = parse(make_capture(feed), make_source()).entries
    assert days(entry) == (published, updated)
    for tag in ("p", "time"):
        page = f"<!doctype html><ul><li><a href=/news/1>Introducing Model 5</a><{tag}>{text}</{tag}></ul>"
        source = make_source(kind=Kind.PAGE, select=(("entry", "li"), ("title", "a"), ("date", tag)))
        (entry,) = parse(make_capture(page, url="https://www.acme-ai.com/news"), source).entries
        assert days(entry) == (published, updated)


def test_a_field_for_changes_takes_any_date() -> None:
    atom = "<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title><entry><id>a</id><title>One</title><link href='https://www.acme-ai.com/1'/><published>2026-04-01</published><updated>最終更新：2026年5月1日</updated></entry></feed>"
    (entry,) = parse(make_capture(atom), make_source()).entries
    assert days(entry) == ("2026-04-01", "2026-05-01")
