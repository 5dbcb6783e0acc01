"""
Labels of dates: words before or after a date that name a publication or a change.

A page states both ("公開日：2026年5月1日 更新日：2026年5月8日"). The rule is the same for every text:

* A date with a label of publication (公開日, 掲載日, 発表日, 付, "Published") is `published`.
* A date with a label of change (更新日, 最終更新, "Last updated") is `updated` and never `published`, even alone.
* A date without a label is `published`. A labelled date comes before it.
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
"""Labels of a publication before its date, ignoring case."""

UPDATED: Final = (
    r"(?:last |date )?(?:updated?|modified|revised|edited|changed)(?: date| time)?(?: on| at)?"
    r"|(?:最終)?(?:更新|改訂|改定|修正|変更|改正)(?:日時?|年月日)?|(?:最后|最後)?(?:更新|修改)(?:时间|時間|日期|于|於)?"
    r"|(?:최종 ?|마지막 ?)?(?:수정|업데이트|변경)(?:일시?|일자)?"
)
"""Labels of a change before its date, ignoring case."""

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
    Return the label at the beginning of `text`, which follows a date and its time.

    In `2026年4月1日 更新 2026年5月1日`, the label belongs to the second date, so the first has none.

    Args:
        date: The pattern of further dates.
    """
    text = text[:_WITHIN]
    label = _BEHIND.match(text)
    if label is None or date.match(text, _end(_GAP, text, label.end())) is None:
        return label
    last = max(further.end() for further in date.finditer(text))
    return label if _BEHIND.match(text, _end(_CLOCK, text, last)) else None


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


@dataclass(frozen=True, slots=True)
class LabelledDate:
    """A date in a text. `is_update` is True for a label of change, False for one of publication, None without a label."""

    written: str
    is_update: bool | None


def dates_in(text: str, forms: Iterable[re.Pattern[str]], date: re.Pattern[str]) -> Iterator[LabelledDate]:
    """
    Yield the date-like parts of a text in the order of forms, each with its label.

    Args:
        forms: Patterns of dates, the surest first.
        date: All patterns in one, for the start of the next date.
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
        label = _BEFORE.search(text[start : match.start()]) or word
        yield LabelledDate(match[0], None if label is None else label["updated"] is not None)


def speaks(text: str) -> bool:
    """Whether a text contains a label of a date. Most texts do not."""
    return _WORD.search(text, 0, _WITHIN) is not None
