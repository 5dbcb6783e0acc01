"""
What a date is of: the words in front of it or behind it that name a publication or a change.

A page says when it was published and when it was last changed ("公開日：2026年5月1日 更新日：2026年5月8日"). The rule, wherever a
text says so:

* A date behind or in front of a word for a publication (公開日, 掲載日, 発表日, 付, "Published") is `published`.
* A date with a word for a change (更新日, 最終更新, "Last updated") is `updated` and never `published`, even where it stands alone.
* A date with no word is `published`; one with a word comes before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ingest.dates.clock import AFTER

PUBLISHED: Final = (
    r"(?:(?:this )?(?:story|article|post|entry|news) (?:was )?)?(?:first |originally |date )?(?:published|posted|released?|issued|announced)(?: date| time)?(?: on| at)?"
    r"|(?:publication|publish|publishing|release|posting|issue)? ?date"
    r"|(?:記事)?(?:公開|掲載|発表|公表|投稿|配信|発行|発信|作成|登録|リリース|ニュースリリース|プレスリリース)(?:開始)?(?:日時?|年月日)?|日付|日時|初出"
    r"|(?:发布|發布|发表|發表|刊登|公布)(?:时间|時間|日期|日|于|於)?|(?:게시|등록|작성|입력|발행|발표|배포)(?:일시?|일자)?"
)
"""What a publication is called in front of its date, ignoring case."""

UPDATED: Final = (
    r"(?:last |date )?(?:updated?|modified|revised|edited|changed)(?: date| time)?(?: on| at)?"
    r"|(?:最終)?(?:更新|改訂|改定|修正|変更|改正)(?:日時?|年月日)?|(?:最后|最後)?(?:更新|修改)(?:时间|時間|日期|于|於)?"
    r"|(?:최종 ?|마지막 ?)?(?:수정|업데이트|변경)(?:일시?|일자)?"
)
"""What a change is called in front of its date, ignoring case."""

LABEL: Final = rf"(?:(?P<updated>{UPDATED})|(?P<published>{PUBLISHED}))\s*[:：]?\s*"
"""A word of either kind with its colon."""

_BEHIND: Final = re.compile(
    r"\s*(?P<open>[(（]\s*)?に?(?:(?P<updated>(?:最終|一部)?(?:更新|改訂|改定|修正|変更|改正)|修改|수정|업데이트|last updated|updated?|modified)"
    r"|(?P<published>公開|掲載|発表|公表|投稿|配信|発行|発信|作成|付け?|发布|發布|发表|發表|게시|등록|발행|발표|published|posted))"
    r"(?(open)\s*[)）])(?![^\W\d_a-z])(?!\s*[:：])",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(rf"(?:(?<!\w)|(?=[^\x00-\x7f])){LABEL}[\s(（\[［「【〔]*$", re.IGNORECASE)
_CLOCK: Final = re.compile(AFTER, re.IGNORECASE)
_WORD: Final = re.compile(rf"{UPDATED}|{PUBLISHED}|付", re.IGNORECASE)
_WITHIN: Final = 400  # characters of a text that are looked at
_GAP: Final = re.compile(r"[\s(（]*")


def behind(text: str, date: re.Pattern[str]) -> re.Match[str] | None:
    """
    Return the word in `text`, which stands behind a date and its time, that says what the date is of.

    `2026年4月1日 更新 2026年5月1日` has its word in front of the second date: no word stands behind that one.

    Args:
        date: What further dates look like.
    """
    text = text[:_WITHIN]
    found = _BEHIND.match(text)
    if found is None or date.match(text, _end(_GAP, text, found.end())) is None:
        return found
    last = max(further.end() for further in date.finditer(text))
    return found if _BEHIND.match(text, _end(_CLOCK, text, last)) else None


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


@dataclass(frozen=True, slots=True)
class LabelledDate:
    """A date in a text, and whether a word calls it that of a change (True) or of a publication (False); None: no word."""

    written: str
    is_update: bool | None


def dates_in(text: str, forms: Iterable[re.Pattern[str]], date: re.Pattern[str]) -> Iterator[LabelledDate]:
    """
    Yield what looks like a date in a text, by the order of forms, with what a word in front of it or behind it calls it.

    Args:
        forms: What dates look like, the surest first.
        date: All of them in one, to tell where the next one begins.
    """
    matches: list[re.Match[str]] = []
    for form in forms:  # what a surer form found is not found again as less (the month of a day)
        new = form.finditer(text)
        matches += [one for one in new if all(one.end() <= m.start() or m.end() <= one.start() for m in matches)]
    ends = []  # of each date with its time and the word behind it
    words = []
    for match in matches:
        end = _end(_CLOCK, text, match.end())
        word = behind(text[end:], date)
        words.append(word)
        ends.append(end + word.end() if word else match.end())
    for match, word in zip(matches, words, strict=True):
        start = max((end for end in ends if end <= match.start()), default=0)
        said = _BEFORE.search(text[start : match.start()]) or word
        yield LabelledDate(match[0], None if said is None else said["updated"] is not None)


def speaks(text: str) -> bool:
    """Whether a text has a word that could say what a date is of; most have none."""
    return _WORD.search(text, 0, _WITHIN) is not None
