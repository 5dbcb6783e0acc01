"""
Obstacles in place of a document: a challenge, a login wall, or "not found" under status 200.

    challenge   a bot check or a refusal to serve: Cloudflare, Akamai, DataDome, HUMAN (PerimeterX), Imperva, AWS WAF, Vercel,
                Sucuri, Kasada, Anubis, Google. Also a page with no words but a request for JavaScript
    login       a page with nothing but a login form
    consent     a page with a request for consent to cookies before the content
    soft-404    a page about a missing page
    outage      a page about downtime or maintenance of the site
    parked      a page with an offer of the domain itself, from a dealer in names

The rules prefer misses, because a false alarm hides announcements, and the self-check catches a miss. A page with the marks of an
article (a publication date, JSON-LD of an article, `og:type` article) is never an obstacle, nor is one with more text than
obstacles have. Articles about bot checks, sign-in and "404 not found" exist. A vendor's script proves nothing either, because
Cloudflare, DataDome and HUMAN add theirs to every page.
"""

from __future__ import annotations

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.parse.markup import linked_data
from ingest.parse.markup.webpage import UNSEEN, attribute

OBSTACLES: Final = {
    "challenge": "a bot check",
    "login": "a login page",
    "consent": "a page that asks for consent to cookies",
    "soft-404": "a page that says it is not there",
    "outage": "a page that says the site is down",
    "parked": "a page that offers the domain for sale",
}
"""Descriptions of obstacles by name."""

_TEXT_LIMIT: Final = 1_500
"""Characters of visible text. A page with more is real. The shortest recorded article has 1,671, frame included."""

_LOST_TEXT_LIMIT: Final = 4_000
"""The same for "not found" pages, which keep the site's navigation and footer."""

_SCRIPT_DATA: Final = 2_000
"""Characters of data in scripts. A page without text but with more data is filled by scripts."""

_HEAD_LIMIT: Final = 200  # characters of a title or heading that are looked at


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# ── challenges ──────────────────────────────────────────────────────────────────────────────────────────────────

# In the markup of a page that withholds another; pages that were let through have none of it.
_CHALLENGE_MARKUP: Final = re.compile(
    r"_cf_chl_opt|cf_chl_prog|id=[\"']?(?:challenge-(?:form|running|error-text|stage)|cf-error-details|cf-wrapper)\b"
    r"|errors\.edgesuite\.net|sec-if-cpt-container|sec-cpt-if|bm-verify="
    r"|(?:geo|ct)\.captcha-delivery\.com|var\s+dd\s*=\s*\{\s*['\"]?(?:rt|cid)['\"]?\s*:"
    r"|id=[\"']?px-captcha\b|_pxBlockedUrl"
    r"|Incapsula incident ID|_Incapsula_Resource\?[^\"'>]{0,200}incident_id"
    r"|awsWafCookieDomainList|window\.gokuProps"
    r"|sucuri_cloudproxy_js|/ips\.js\?[^\"'>]{0,200}KP_|id=[\"']?anubis_challenge\b"
    r"|/sorry/index\?continue=|id=[\"']?captcha-form\b"
)
_CHALLENGE_HEAD: Final = _any_of(
    r"just a moment(?:\.\.\.|…)?",
    r"attention required!?",
    r"(?:one moment,? )?please wait(?:\.\.\.|…)?|one moment,? please(?:\.\.\.|…)?",
    r"access (?:to this page has been )?denied\.?|request rejected|(?:403 |error 403 |403 - )?forbidden|error 1020",
    r"(?:sorry, )?you have been blocked",
    r"robot check|(?:error )?(?:429 )?too many requests",
    r".{0,60}(?:not|n(?:'|’)t) (?:yet |currently )?available in your (?:country|region|location)(?: or region)?\.?",
    r".{0,60}お(?:住まい|使い)の(?:国|地域|国または地域)では(?:ご)?利用(?:できません|いただけません)。?",
    r"human verification|(?:vercel )?security checkpoint|client challenge|ddos-guard",
    r"verify(?:ing)? (?:that )?you are (?:a )?human\.?|are you (?:a )?(?:robot|human)\??|robot or human\??",
    r"checking your browser(?: before accessing .{1,80})?",
    r"making sure you(?:'|’)re not a bot!?|pardon our interruption(?:\.\.\.|…)?",
    r"しばらくお待ちください(?:\.\.\.|…)?|アクセス(?:が|は)?(?:拒否|ブロック)(?:されました|されています)?",
    r"(?:あなたが)?人間であることを確認(?:して(?:ください|います))?(?:\.\.\.|…)?|ロボットではないことを確認(?:してください)?",
)
_CHALLENGE_TEXT: Final = _any_of(
    r"enable javascript and cookies to continue",
    r"checking (?:your browser before|if the site connection is secure)|(?:we(?:'|’)re|we are) verifying your browser",
    r"verify(?:ing)? (?:that )?you are (?:human|a human|not a (?:ro)?bot)|confirm (?:that )?you(?:'|’| a)re (?:human|not a robot)",
    r"performance (?:&|and) security by cloudflare|request unsuccessful\. incapsula|reference ?#\s?\d+\.[0-9a-f]+\.",
    r"sorry, you have been blocked|access to this page has been denied",
    r"you don(?:'|’)t have permission to access .{1,300}?on this server",
    r"press (?:&|and) hold to confirm|unusual traffic from your (?:computer )?network",
    r"complete the (?:captcha|security check|action below) to (?:access|continue|gain)|solve (?:the|this) captcha",
    r"お使いのブラウザー?を確認して|人間であることを(?:確認|検証)|ロボットではないことを(?:確認|証明)|不審なアクセスを検知",
    r"アクセスが(?:拒否|ブロック)され|アクセスする権限がありません",
)
# A page of nothing but these scripts; into pages it lets through, the vendor puts the same ones.
_CHALLENGE_SHELL: Final = re.compile(r"/_Incapsula_Resource\?")
_NEEDS_SCRIPTS: Final = _any_of(
    r"(?:enable|requires?|needs?|without|turn on|activate|disabled) (?:your )?javascript",
    r"javascript (?:\w+ ){0,5}(?:enabled?|disabled|required)",
    r"javascript\s*[がをはの].{0,25}(?:有効|無効|オン|使用|必要|許可)",
)
_SCRIPTS_ONLY: Final = 400  # characters of a page that asks for JavaScript and says nothing else

# ── login ───────────────────────────────────────────────────────────────────────────────────────────────────────

_LOGIN_HEAD: Final = _any_of(
    r"(?:please )?(?:sign|log)[ -]?(?:in|on)(?: required| page| or (?:sign up|register))?(?: (?:to|with) [^.]{1,40})?\.?",
    r"(?:account |member |user |customer )?login(?: required| page| form)?|authentication required|single sign-on",
    r"(?:会員|アカウントに?)?(?:ログイン|サインイン)(?:ページ|画面|フォーム|してください|が必要です)?|認証が必要です",
)
_LOGIN_FORM: Final = (
    "input[type='password' i], input[autocomplete~='username' i], form[action*='login' i], form[action*='signin' i], "
    "form[action*='sign_in' i], form[action*='sso' i], form[action*='saml' i]"
)

# ── consent ─────────────────────────────────────────────────────────────────────────────────────────────────────

_CONSENT_HEAD: Final = _any_of(
    r"before you (?:continue|proceed|enter)(?: to .{1,60})?|we value your privacy",
    r"(?:your |manage |privacy and )?cookies?[ -](?:consent|settings|preferences|choices)|(?:we use|(?:this|our) (?:web)?site uses) cookies\W*",
    r"cookies?(?:の|に関する)?(?:使用|利用)?(?:に|への|の)?(?:同意|設定)(?:してください|が必要です)?|.{1,60}に(?:進む|アクセスする)前に",
)

# ── not found ───────────────────────────────────────────────────────────────────────────────────────────────────

_OOPS: Final = r"(?:(?:oops|whoops|uh[ -]oh|sorry|error|http|status)[ !,.:…-]*)?(?:404[ !,.:()-]*)?"
_PAGE: Final = r"(?:(?:the|this|that|your|requested) ){0,2}(?:page|url|content|file|article)(?: (?:that )?you(?:(?:'|’)re| are)? (?:requested|looking for))?"
_ITS_PAGE: Final = r"(?:(?:ご|お)?(?:指定|要求|探し|アクセス)(?:の|した|された)?|この|その|該当(?:の|する)?)?(?:ページ|URL|ファイル|コンテンツ|記事)(?:は|が)?"
_NT: Final = r"(?: not|n(?:'|’)t)"
_LOST_HEAD: Final = _any_of(
    rf"{_OOPS}(?:{_PAGE} )?(?:(?:was|could|can) )?not(?: be)? found[.!]?|{_OOPS}{_PAGE} (?:has been|was) removed[.!]?",
    rf"{_OOPS}{_PAGE} (?:does{_NT} exist|no longer exists|(?:is )?(?:unavailable|missing)|is(?:{_NT}| no longer) available)[.!]?",
    rf"{_OOPS}{_PAGE} (?:(?:could|was|is){_NT}|cannot|can(?:'|’)?t)(?: be)? found[.!]?",
    rf"{_OOPS}we (?:can(?:'|’)t|cannot|could{_NT})(?: seem to)? (?:find|locate) {_PAGE}[.!]?",
    r"(?:error |http |status )?404(?: error| エラー|エラー)?[.!]?|エラー ?404",
    rf"(?:404[ !,.:-]*)?{_ITS_PAGE}(?:見つかりません(?:でした)?|見つけられません(?:でした)?|存在しません|ありません|ございません|見当たりません)[。！]?",
    rf"(?:404[ !,.:-]*)?{_ITS_PAGE}(?:(?:移動|変更)(?:または|もしくは|、))?(?:削除|移動)されました[。！]?|(?:404[ !,.:-]*)?{_ITS_PAGE}見つからない",
)
_PARKED_HEAD: Final = _any_of(
    r"(?:the |this )?(?:domain(?: name)? )?(?:[\w-]+\.)*[\w-]{1,63}(?: domain(?: name)?)? (?:is|may be) (?:for sale|parked(?: free)?|available for purchase)\W*",
    r"(?:buy|purchase|make an offer (?:on|for)|get) this domain(?: name)?\W*",
    r"(?:this |the )?domain(?: name)?(?: [\w.-]+)? (?:has |is )?(?:expired|been suspended|for sale|parked)\W*",
    r"(?:this )?(?:website|site|web page) is parked(?: free)?\b.{0,80}|(?:ドメイン|このドメイン)(?:は|が)?(?:販売中|売り出し中)(?:です)?",
)
_OUTAGE_HEAD: Final = _any_of(
    r"(?:.{1,40} is )?(?:(?:currently |temporarily )?(?:under|down for|undergoing) )?maintenance(?: mode)?\W*",
    r"we(?:(?:'|’)ll| will) be (?:right )?back(?: soon| shortly| later)?\W*|(?:be )?back soon\W*",
    r"(?:(?:error |http )?50[0234]\W*)?(?:internal server error|bad gateway|(?:service|site|website) (?:is )?(?:temporarily )?unavailable|gateway time-?out)\W*",
    r"(?:ただいま|現在)?、?(?:サーバー?|システム|サイト)?(?:の)?メンテナンス中(?:です|となっております|のため.{0,30})?。?|一時的に(?:ご)?利用(?:できません|いただけません)。?",
)
_SEPARATORS: Final = re.compile(r"\s+[-–—―·•|:»/]\s+|\s*[|｜：»]\s*")

_ARTICLE_MARKS: Final = (
    "meta[property='article:published_time' i], meta[property='og:type' i][content='article' i], "
    "meta[itemprop~='datePublished' i], time[itemprop~='datePublished' i], time[pubdate]"
)
_DATA: Final = re.compile(r"json|__next_f|__NUXT__|_STATE__", re.IGNORECASE)


def obstacle_on(page: LexborHTMLParser) -> str | None:
    """Return the obstacle in place of a page, and None for a real page. The tree is not changed."""
    if page.css_first(_ARTICLE_MARKS) or any(map(linked_data.is_article, linked_data.nodes(page))):
        return None
    text, asides = _visible(page)
    if len(text) > _LOST_TEXT_LIMIT:
        return None
    heads = _heads(page)
    if len(text) <= _TEXT_LIMIT and (why := _on_short_page(page, heads, text, asides)):
        return why
    return "soft-404" if any(map(_LOST_HEAD.fullmatch, heads)) else None


def _on_short_page(page: LexborHTMLParser, heads: list[str], text: str, asides: str) -> str | None:
    if _is_challenge(page, heads, text, asides):
        return "challenge"
    marks = (
        ("login", _LOGIN_HEAD, heads, _LOGIN_FORM),
        ("consent", _CONSENT_HEAD, _heads(page, banners=False), "form, button"),
        ("parked", _PARKED_HEAD, heads, "*"),
        ("outage", _OUTAGE_HEAD, heads, "*"),
    )
    return next(
        (name for name, head, where, has in marks if any(map(head.fullmatch, where)) and page.css_first(has)), None
    )


def _is_challenge(page: LexborHTMLParser, heads: list[str], text: str, asides: str) -> bool:
    words = f"{text} {asides}"
    if _CHALLENGE_TEXT.search(words) or any(map(_CHALLENGE_HEAD.fullmatch, heads)):
        return True
    if _CHALLENGE_MARKUP.search(page.html or ""):
        return True
    if not text and _CHALLENGE_SHELL.search(page.html or "") and _script_data(page) < _SCRIPT_DATA:
        return True
    if len(text) > _SCRIPTS_ONLY or not _NEEDS_SCRIPTS.search(words):
        return False
    return (not text or bool(_NEEDS_SCRIPTS.search(text))) and _script_data(page) < _SCRIPT_DATA


def _script_data(page: LexborHTMLParser) -> int:
    """Return how many characters of data the page brings for its scripts to show."""
    inline = [(attribute(node, "type"), node.text()) for node in page.css("script:not([src])")]
    return sum(len(text) for media_type, text in inline if _DATA.search(f"{media_type} {text[:500]}"))


def _visible(page: LexborHTMLParser) -> tuple[str, str]:
    """Return the visible text up to a limit, and the text for browsers without scripts."""
    asides = " ".join(node.text(deep=True) for node in page.css("noscript"))
    seen: list[str] = []
    length = 0
    node = page.body
    while node is not None and length <= _LOST_TEXT_LIMIT:
        if node.is_text_node:
            text = " ".join((node.text_content or "").split())
            length += len(text) + 1 if text else 0
            seen.append(text)
        node = _next(node)
    return " ".join(filter(None, seen)), " ".join(asides.split())


def _next(node: LexborNode) -> LexborNode | None:
    """Return the next visible node of the document."""
    if node.first_child is not None and node.tag not in UNSEEN:
        return node.first_child
    here: LexborNode | None = node
    while here is not None and here.tag != "body":
        if here.next is not None:
            return here.next
        here = here.parent
    return None


def _heads(page: LexborHTMLParser, *, banners: bool = True) -> list[str]:
    """
    Return title and first headings, whole and in parts, because a part may be the site's name.

    Args:
        banners: Whether an `h2` may be the first heading. It may belong to a banner before the page.
    """
    first = page.css("h1")[:2] or (page.css("h2")[:1] if banners else [])
    written = [" ".join(node.text(deep=True).split())[:_HEAD_LIMIT] for node in (*page.css("head > title")[:1], *first)]
    return [part for text in written for part in (text, *_SEPARATORS.split(text)) if part]
