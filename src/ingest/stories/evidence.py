"""
Proofs that two headlines announce one thing: addresses, slugs, titles. They are decided at once, from the two alone.

A proof depends only on the two headlines, so the stories made by proofs do not depend on the order of arrival. `keys`
returns the possible proofs of a headline. Two headlines without a common key have no proof, so the candidates of a
headline are found by look-ups, and their number does not grow with the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Literal

from ingest.stories import rulebook
from ingest.stories.differences import differences, is_bare
from ingest.stories.documents import (
    LONGEST_SLUG,
    DocumentAddress,
    begins_alike,
    page,
    slug_end,
    slug_start,
    without_mark,
)
from ingest.stories.members import Evidence, Join, Member, Rule
from ingest.stories.slugs import MEDIUM_SLUG, TELLING, is_long_slug, is_telling_slug, slug_names
from ingest.stories.titles import LONG_TITLE, WEAK, Title, is_bare_version, title
from ingest.stories.translations import APART, kept_names, name_two, translated, wholly_translated

Kind = Literal["page", "story", "slug", "title", "subject"]

_LETTERS: Final = re.compile(r"[^\W\d_]{3,}")

SCORES: Final[dict[Rule, float]] = {
    "operator": 1.0,
    "hreflang": 0.99,
    "page": 0.98,
    "address": 0.96,
    "repost": 0.95,
    "title": 0.94,
    "slug": 0.92,
    "subject": 0.9,
}
"""The strength of each proof, for ordering. Likeness of words is weaker."""


@dataclass(frozen=True, slots=True, order=True)
class ProofKey:
    """A key of a headline within its vendor, and its window in days (None: ever)."""

    vendor: str
    kind: Kind
    value: str
    days: int | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A headline with its address and title taken apart."""

    member: Member
    page: DocumentAddress
    title: Title
    pages: frozenset[str]


@lru_cache(maxsize=8_192)
def _see(member: Member) -> _Seen:
    own = page(member.url)
    alternates = [page(url) for url in member.alternates] if not own.lists else []
    return _Seen(
        member,
        own,
        title(member.title, member.vendor),
        frozenset(address.document for address in alternates if not address.lists),
    )


def keys(member: Member) -> tuple[ProofKey, ...]:
    """
    Return the keys of a headline, to be stored with it and looked up for a new one.

    `days` is the window of the look-up. Candidates with a known day further away need not be fetched.

    Raises:
        UrlError: The address of the headline is invalid, never the case for a stored one.
    """
    seen = _see(member)
    vendor, windows = member.vendor, rulebook.WINDOWS
    dated, lists = member.day is not None, seen.page.lists
    entry, ever = (f"\n{seen.title.normal}", windows.repost) if lists else ("", None)
    proof_keys = [
        ProofKey(vendor, "page", document, ever) for document in sorted({seen.page.document + entry, *seen.pages})
    ]
    proof_keys.append(ProofKey(vendor, "story", seen.page.story + entry, ever))
    if is_telling_slug(seen.page):
        days = windows.long_slug if is_long_slug(seen.page) else windows.regional_slug
        proof_keys.append(ProofKey(vendor, "slug", slug_end(seen.page) or without_mark(seen.page.slug), days))
        start = slug_start(slug_end(seen.page))
        proof_keys += [ProofKey(vendor, "slug", start, windows.regional_slug)] if start else []
    if seen.title.telling and (dated or _is_long(seen.title)):
        days = windows.long_title if _is_long(seen.title) else windows.short_title
        proof_keys.append(ProofKey(vendor, "title", seen.title.normal, days))
    if dated:
        proof_keys += [
            ProofKey(vendor, "title", f"names: {names}", windows.translation) for names in sorted(kept_names(member))
        ]
    proof_keys += [ProofKey(vendor, "subject", subject, windows.subject) for subject in sorted(_subjects(seen))]
    return tuple(proof_keys)


def prove(one: Member, other: Member) -> Join | None:
    """Return the strongest proof that two headlines of one vendor are one announcement, if any."""
    if one.vendor != other.vendor or one.id == other.id:
        return None
    a, b = sorted((_see(one), _see(other)), key=lambda seen: seen.member.id)
    apart = _days_apart(a.member.day, b.member.day)
    for rule in (_hreflang, _address, _repost, _title, _slug, _subject):
        proof = rule(a, b, apart)
        if proof is not None:
            name, evidence = proof
            if apart is not None:
                evidence = (*evidence, ("days apart", str(apart)))
            return Join(b.member.id, a.member.id, name, SCORES[name], evidence)
    return None


def proofs(new: Member, candidates: Iterable[Member]) -> list[Join]:
    """Return the proofs between a headline and those with a common key, sorted."""
    proofs_of = (prove(new, candidate) for candidate in candidates)
    return sorted((join for join in proofs_of if join is not None), key=lambda join: join.pair)


_Proof = tuple[Rule, Evidence] | None


def _days_apart(one: date | None, other: date | None) -> int | None:
    return None if one is None or other is None else abs((one - other).days)


def _within(apart: int | None, days: int) -> bool:
    return apart is not None and apart <= days


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────────


def _hreflang(a: _Seen, b: _Seen, _apart: int | None) -> _Proof:
    """One page names the other as its version in another language."""
    if a.page.lists or b.page.lists:
        return None
    for named, by in ((a, b), (b, a)):
        if named.page.document in by.pages:
            return "hreflang", (("page", by.member.url), ("names", named.member.url))
    return None


def _address(a: _Seen, b: _Seen, apart: int | None) -> _Proof:
    """The same page listed twice, or the same page but for the language in its address."""
    if a.page.story != b.page.story:
        return None
    same = a.page.document == b.page.document
    if not (_is_one_entry(a, b, apart) if same else _is_translated(a, b, apart)):
        return None
    if same:
        return "page", (("address", a.page.document), ("titles", f"{a.member.title} / {b.member.title}"))
    return "address", (("address but for its language", a.page.story),)


def _is_translated(a: _Seen, b: _Seen, apart: int | None) -> bool:
    """
    On a list page, an entry under an anchor of a mere date is found again only by its title.

    An address without words (`pr/20250618`) counts up in each language, so no title may name something missing in the
    other.
    """
    if a.page.lists:
        return _is_listed_twice(a, b, apart)
    if a.page.part and len(slug_names(a.page)) < TELLING:
        return a.title.normal == b.title.normal
    wordless = not slug_names(a.page) and a.member.language != b.member.language
    return not _differ_in_numbers_only(a.title, b.title) and not (wordless and name_two(a.member, b.member))


def _is_one_entry(a: _Seen, b: _Seen, apart: int | None) -> bool:
    """
    Whether one address holds one announcement under two titles, and not two.

    Equal titles say so. Different ones may be an edit: then the page is no list, they do not differ in numbers alone,
    and they are alike, or the page's own slug speaks of one of them and no more days have passed than an edit takes. An
    anchor often is a date with several entries, so there only likeness counts.
    """
    if a.page.lists:
        return _is_listed_twice(a, b, apart)
    if a.title.normal == b.title.normal:
        return True
    if _differ_in_numbers_only(a.title, b.title):
        return False
    likeness = _overlap(a.title.words, b.title.words)
    if a.page.part or (apart is not None and apart > rulebook.WINDOWS.edited):
        return likeness >= _ALIKE
    return likeness >= _ALIKE or bool(slug_names(a.page) & (a.title.words | b.title.words))


def _is_listed_twice(a: _Seen, b: _Seen, apart: int | None) -> bool:
    """Whether two entries of one list are one: `Bug fixes` comes every week."""
    return a.title.normal == b.title.normal and a.title.telling > 0 and _within(apart, rulebook.WINDOWS.repost)


_ALIKE: Final = 0.6
"""Share of the shorter title's words kept by an edited title even after weeks."""


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


def _differ_in_numbers_only(a: Title, b: Title) -> bool:
    """`1,596 disclosed` and `6,157 disclosed`: a counting page announces each count."""
    return a.normal != b.normal and a.plain == b.plain and bool(a.numbers) and bool(b.numbers)


def _repost(a: _Seen, b: _Seen, apart: int | None) -> _Proof:
    """One source lists an entry again under the address of another day."""
    same = a.member.source == b.member.source and a.page.slug and a.page.slug == b.page.slug
    if not same or a.title.normal != b.title.normal or not _within(apart, rulebook.WINDOWS.repost):
        return None
    if not _is_long(a.title) or a.page.document == b.page.document:
        return None
    return "repost", (("title", a.member.title), ("addresses", f"{a.page.document} / {b.page.document}"))


# ── titles and slugs in other sources ───────────────────────────────────────────────────────────────────────────


def _is_long(of: Title) -> bool:
    return of.size >= LONG_TITLE and of.telling >= TELLING


def _title(a: _Seen, b: _Seen, apart: int | None) -> _Proof:
    """Another source of the vendor says the same words, or all of them in another language."""
    if _is_whole_translation(a, b, apart):
        return "title", (("in another language", f"{a.member.title} / {b.member.title}"),)
    if a.title.normal != b.title.normal or not a.title.telling or not _elsewhere(a, b):
        return None
    lasting = _is_long(a.title) and "recap" not in a.title.kinds  # `What's new in X` comes every month
    days = rulebook.WINDOWS.long_title if lasting else rulebook.WINDOWS.short_title
    undated = apart is None and _is_long(a.title) and not a.title.kinds
    if not (undated or _within(apart, days)) or is_bare_version(a.title):
        return None
    return "title", (("title", a.member.title), ("sources", f"{a.member.source} / {b.member.source}"))


def _is_whole_translation(a: _Seen, b: _Seen, apart: int | None) -> bool:
    near = _within(apart, rulebook.WINDOWS.translation) and _elsewhere(a, b)
    return near and a.member.language != b.member.language and wholly_translated(a.member, b.member)


def _elsewhere(a: _Seen, b: _Seen) -> bool:
    """Whether two places could repeat each other: two sources, or a list and the page of its entry."""
    return a.member.source != b.member.source or a.page.lists != b.page.lists


def _slug(a: _Seen, b: _Seen, apart: int | None) -> _Proof:
    """
    Another source has a page with the same final words.

    Long ones prove it, even without a day. Short ones may be names of products, so the titles have to agree.
    """
    if a.member.source == b.member.source or not is_telling_slug(a.page):
        return None
    if a.member.language != b.member.language:
        return _regional_slug(a, b, apart)
    if _announced_at_one_end(a, b, apart):
        return "slug", (("names in both addresses", slug_end(a.page)),)
    slug, long = without_mark(a.page.slug), is_long_slug(a.page)
    far = apart is not None and apart > (rulebook.WINDOWS.long_slug if long else rulebook.WINDOWS.short_slug)
    undated = apart is None and (not long or slug.count("-") + 1 < LONGEST_SLUG)
    if a.page.slug != b.page.slug or far or undated or not (long or _agree(a, b)):
        return None
    if differences(a.title, b.title) & (_ALWAYS if long else _ALWAYS | _IN_ONE_LANGUAGE):
        return None
    return "slug", (("last words of both addresses", slug), ("sources", f"{a.member.source} / {b.member.source}"))


def _announced_at_one_end(a: _Seen, b: _Seen, apart: int | None) -> bool:
    """Whether two addresses of one day end alike but for words around the name (`introducing-x-y`, `x-y-now-available`)."""
    end = slug_end(a.page)
    marked = any(without_mark(of.page.slug) != of.page.slug for of in (a, b))  # `-2` is another page of one language
    few = len(slug_names(a.page) & slug_names(b.page)) < TELLING
    if apart != 0 or marked or few or end != slug_end(b.page):
        return False
    named = end.count("-") + 1 >= MEDIUM_SLUG or _agree(a, b)
    return named and not differences(a.title, b.title) & (_ALWAYS | _IN_ONE_LANGUAGE)


def _regional_slug(a: _Seen, b: _Seen, apart: int | None) -> _Proof:
    """
    A regional site has a page with the same final words in another language, often weeks later.

    Long ones prove it, and short ones within few days if the titles share a word. Later, or without a day, one title
    has to be a translation of the other.
    """
    slug, other = slug_end(a.page), slug_end(b.page)
    if not slug or (apart or 0) > rulebook.WINDOWS.regional_slug or differences(a.title, b.title) & _ALWAYS:
        return None
    if begins_alike(slug, other) and translated(a.member, b.member):
        return "slug", (("both addresses begin with", min(slug, other, key=len)),)
    if slug != other:
        return None
    long = is_long_slug(a.page) and without_mark(a.page.slug) == without_mark(b.page.slug)
    medium = slug.count("-") + 1 >= MEDIUM_SLUG and len(slug_names(a.page)) >= TELLING
    if apart is None:
        proved = long and slug.count("-") + 1 >= LONGEST_SLUG
    else:
        proved = long or (apart <= rulebook.WINDOWS.short_slug and _agree(a, b))
        proved |= medium and not differences(a.title, b.title) & APART
    if not proved and translated(a.member, b.member) < rulebook.TRANSLATIONS.threshold:
        return None
    return "slug", (("last words of both addresses", slug), ("languages", f"{a.member.lang} / {b.member.lang}"))


_ALWAYS: Final = frozenset({"numbers", "part", "month", "stage"})
"""Differences that separate even equal slugs. The others are often translated away."""

_IN_ONE_LANGUAGE: Final = frozenset({"tier", "kind"})
"""Differences that also separate short slugs in one language."""


def _agree(a: _Seen, b: _Seen) -> bool:
    """Whether two titles share a word with content, or, in two languages, a word of the slug."""
    return bool((a.title.words & b.title.words) - WEAK)


def _subject(a: _Seen, b: _Seen, apart: int | None) -> _Proof:
    """
    One title is only the name at the beginning of the other (`Project Vend` / `Project Vend: Can Claude …`).

    On one day both may say more, if both announce it. In another language, where a day is missing, the address of one
    has to begin with the whole of the other's.
    """
    subjects = _subjects(a) & _subjects(b)
    if a.member.source == b.member.source or not subjects:
        return None
    subject = min(subjects, key=lambda one: (-len(one), one))
    if not title(subject).telling or is_bare_version(title(subject)):
        return None
    differing = differences(a.title, b.title)
    continues = apart is None and a.member.language != b.member.language and _continues(a, b)
    if a.member.language != b.member.language or _is_launch(a, b, apart):
        differing &= APART
    near = _within(apart, rulebook.WINDOWS.subject) or continues
    bare = is_bare(a.title) or is_bare(b.title) or continues or _is_launch(a, b, apart)
    if not near or not bare or differing:
        return None
    return "subject", (("subject", subject), ("titles", f"{a.member.title} / {b.member.title}"))


def _is_launch(a: _Seen, b: _Seen, apart: int | None) -> bool:
    """
    Whether two titles of one day announce one thing (`Acme launches X: …`, `Introducing X: …`).

    One of them may only name it, if one address begins with the other's.
    """
    announcing = a.title.announces + b.title.announces + _continues(a, b)
    return apart == 0 and announcing >= TELLING and min(len(a.title.head), len(b.title.head)) >= TELLING


def _subjects(seen: _Seen) -> frozenset[str]:
    """Return the possible subjects of a title: its subject, and text in Japanese quotation marks."""
    return frozenset({seen.title.subject, seen.title.quoted} - {""})


def _continues(a: _Seen, b: _Seen) -> bool:
    """Whether one address begins with the whole of the other, of two words at least."""
    short, long = sorted((slug_end(a.page), slug_end(b.page)), key=len)
    return "-" in short and (long == short or long.startswith(f"{short}-"))
