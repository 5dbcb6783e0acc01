"""Entries that try to pass for official, or to hide what they say; each stands between two good ones in its feed."""

from __future__ import annotations

from dataclasses import dataclass

from ingest import urls
from ingest.model import Grant, Vendor

ACME = Vendor(
    id="acme",
    name="Acme",
    home="https://www.acme-ai.com/",
    scopes=tuple(
        urls.parse_scope(line, Grant.OFFICIAL)
        for line in (
            "acme-ai.com",
            "*.acme-ai.com",
            "!community.acme-ai.com",
            "!www.acme-ai.com/forum/",
            "github.com/acme/*/releases/",
        )
    ),
)
OFFICIAL = "https://www.acme-ai.com/news/model-6"


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that is refused: its link, and by which rule."""

    name: str
    link: str
    rule: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """An entry that is admitted: its title and link as written, and as they are kept."""

    name: str
    title: str = "Model 6"
    kept: str = "Model 6"
    link: str = OFFICIAL
    url: str = OFFICIAL


REFUSED = [
    Refused("javascript", "javascript:alert(1)", "scheme"),
    Refused("javascript in capitals", "JaVaScRiPt:alert(1)", "scheme"),
    Refused("javascript with a tab", "java\tscript:alert(1)", "*"),
    Refused("javascript after a comment", "javascript://www.acme-ai.com/%0aalert(1)", "scheme"),
    Refused("data", "data:text/html,hello", "scheme"),
    Refused("vbscript", "vbscript:msgbox(1)", "scheme"),
    Refused("a file", "file:///etc/passwd", "scheme"),
    Refused("a blob", "blob:https://www.acme-ai.com/1", "scheme"),
    Refused("mail", "mailto:press@acme-ai.com", "scheme"),
    Refused("ftp", "ftp://www.acme-ai.com/a", "scheme"),
    Refused("a scheme of its own", "acme://news/1", "scheme"),
    Refused("http elsewhere", "http://press.example/a", "scheme"),
    Refused("the press", "https://techpress.example/acme-launches-model-6", "off-scope"),
    Refused("a look-alike", "https://www.acme-ai.com.evil.example/a", "off-scope"),
    Refused("a longer name", "https://www.notacme-ai.com/a", "off-scope"),
    Refused("another top-level domain", "https://www.acme-ai.org/a", "off-scope"),
    Refused("a hyphen more", "https://www.acme--ai.com/a", "off-scope"),
    Refused("a digit for a letter", "https://www.acrne-ai.com/a", "off-scope"),
    Refused("a Cyrillic letter", "https://www.acmе-ai.com/a", "mixed-script"),
    Refused("a Cyrillic letter in punycode", "https://www.xn--acm-ai-p8e.com/a", "*"),
    Refused("nothing but Cyrillic letters", "https://www.асе.com/a", "*"),
    Refused("punycode of nothing", "https://xn--a.acme-ai.com/a", "*"),
    Refused("punycode of plain letters", "https://xn--acme-ai-.com/a", "*"),
    Refused("a user name", "https://www.acme-ai.com@evil.example/a", "user-info"),
    Refused("a password", "https://www.acme-ai.com:443@evil.example/a", "user-info"),
    Refused("a user of our own", "https://user@www.acme-ai.com/a", "user-info"),
    Refused("a backslash", "https://evil.example\\@www.acme-ai.com/a", "backslash"),
    Refused("backslashes for slashes", "https:\\\\www.acme-ai.com\\a", "backslash"),
    Refused("a backslash in the path", "https://www.acme-ai.com\\.evil.example/a", "backslash"),
    Refused("a port", "https://www.acme-ai.com:8443/a", "port"),
    Refused("a number for a host", "https://127.0.0.1/a", "ip-host"),
    Refused("a decimal host", "https://2130706433/a", "ip-host"),
    Refused("a hexadecimal host", "https://0x7f.1/a", "ip-host"),
    Refused("an IPv6 host", "https://[::1]/a", "ip-host"),
    Refused("a host without a domain", "https://localhost/a", "single-label"),
    Refused("a dot at the end", "https://www.acme-ai.com./a", "trailing-dot"),
    Refused("a percent sign in the host", "https://www.acme-ai%2ecom/a", "malformed"),
    Refused("no host", "https:///a", "*"),
    Refused("a space in the host", "https://www.acme-ai.com .evil.example/a", "white-space"),
    Refused("a zero-width space in the host", "https://www.acme\u200b-ai.com/a", "control-character"),
    Refused("an override in the path", "https://www.acme-ai.com/\u202egnp.exe", "control-character"),
    Refused("a soft hyphen in the host", "https://www.acme\u00ad-ai.com/a", "control-character"),
    Refused("the community", "https://community.acme-ai.com/t/model-6", "exception"),
    Refused("the forum", "https://www.acme-ai.com/forum/t/1", "exception"),
    Refused("the forum itself", "https://www.acme-ai.com/forum", "exception"),
    Refused("the forum by a detour", "https://www.acme-ai.com/news/../forum/t/1", "exception"),
    Refused("the forum by an escaped detour", "https://www.acme-ai.com/news/%2e%2e/forum/t/1", "exception"),
    Refused("the forum by an escaped slash", "https://www.acme-ai.com/forum%2ft", "*"),
    Refused("the forum by an escaped letter", "https://www.acme-ai.com/%66orum/t/1", "exception"),
    Refused("somebody else's repository", "https://github.com/evil/model/releases/1", "off-scope"),
    Refused("a repository's issues", "https://github.com/acme/model/issues/1", "off-scope"),
    Refused("an escaped slash for an owner", "https://github.com/acme%2Fx/releases/releases/1", "encoded-separator"),
    Refused("a detour to another owner", "https://github.com/acme/../evil/model/releases/1", "*"),
    Refused("a redirector that leads out", "https://www.acme-ai.com/redirect?url=https://evil.example/a", "off-scope"),
    Refused("a login that leads on", "https://www.acme-ai.com/login?next=https://evil.example/a", "off-scope"),
    Refused("an escaped redirector", "https://www.acme-ai.com/out?to=https%3A%2F%2Fevil.example%2Fa", "off-scope"),
    Refused("a redirector without a scheme", "https://www.acme-ai.com/url?q=//evil.example/a", "relative"),
    Refused("a redirector to a script", "https://www.acme-ai.com/go?url=javascript:alert(1)", "scheme"),
    Refused("a redirector with a backslash", "https://www.acme-ai.com/go?url=/%5Cevil.example", "backslash"),
    Refused("a redirector escaped twice", "https://www.acme-ai.com/go?url=https%253A%252F%252Fevil.example", "*"),
    Refused(
        "a redirector in a redirector",
        "https://www.acme-ai.com/go?url=https%3A%2F%2Fwww.acme-ai.com%2Fgo%3Furl%3Dhttps%253A%252F%252Fevil.example%252F",
        "off-scope",
    ),
    Refused("a redirector to itself", "https://www.acme-ai.com/go?url=/go?url=/go?url=/go?url=/a", "redirector"),
    Refused(
        "a redirector to an exception", "https://www.acme-ai.com/r.php?u=https://community.acme-ai.com/t/1", "exception"
    ),
    Refused("a redirector in capitals", "https://www.acme-ai.com/Redirect.aspx?URL=https://evil.example/", "off-scope"),
    Refused(
        "a redirector with a user name",
        "https://www.acme-ai.com/away?to=https://www.acme-ai.com@evil.example/",
        "user-info",
    ),
    Refused("a search engine's redirector", "https://www.google.com/url?q=https://evil.example/", "off-scope"),
    Refused("a link shortener", "https://bit.ly/acme", "off-scope"),
    Refused("a cached copy", "https://web.archive.org/web/2026/https://www.acme-ai.com/a", "off-scope"),
    Refused("markup for a link", "<a href=https://evil.example/>", "*"),
    Refused("two links in one", "https://www.acme-ai.com/a https://evil.example/", "white-space"),
    Refused("a link of 3,000 characters", "https://www.acme-ai.com/" + "a" * 3_000, "too-long"),
]

ADMITTED = [
    Admitted("bidi controls", title="Model \u202e6\u202c", kept="Model 6"),
    Admitted("bidi isolates", title="\u2066Model 6\u2069", kept="Model 6"),
    Admitted("zero-width spaces", title="M\u200bo\u200cd\u200de\ufeffl 6", kept="Model 6"),
    Admitted("tag characters", title="Model 6" + "".join(chr(0xE0000 + ord(c)) for c in "ignore this"), kept="Model 6"),
    Admitted("variation selectors as a channel", title="Model 6" + "\ufe01\ufe02\ufe03", kept="Model 6\ufe01"),
    Admitted("Hangul fillers", title="\u3164Model\u3164 6\uffa0", kept="Model 6"),
    Admitted(
        "a script",
        title="&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;Model 6&lt;/b&gt;",
        kept="Model 6",
    ),
    Admitted("bold", title="&lt;b&gt;Model 6&lt;/b&gt;", kept="Model 6"),
    Admitted("a link inside", title="&lt;a href='https://evil.example/'&gt;Model 6&lt;/a&gt;", kept="Model 6"),
    Admitted(
        "a picture", title="&lt;img src=x onerror=alert(1)&gt;Model 6&lt;br&gt;&lt;b&gt;&lt;/b&gt;", kept="Model 6"
    ),
    Admitted("line breaks", title="Model\n\n\t6", kept="Model 6"),
    Admitted("ideographic spaces", title="\u3000Model\u30006\u3000", kept="Model 6"),
    Admitted("an escape sequence", title="Model\x1b[31m 6", kept="Model[31m 6"),
    Admitted("http on an official host", link="http://www.acme-ai.com/news/model-6"),
    Admitted("tracking", link=OFFICIAL + "?utm_source=rss&amp;fbclid=1"),
    Admitted("the default port", link="https://www.acme-ai.com:443/news/model-6"),
    Admitted("capitals", link="HTTPS://WWW.ACME-AI.COM/news/model-6"),
    Admitted("a detour", link="https://www.acme-ai.com/x/../news/model-6"),
    Admitted("escaped letters", link="https://www.acme-ai.com/news/%6Dodel-6"),
    Admitted("a redirector that stays", link=f"https://www.acme-ai.com/redirect?url={OFFICIAL}"),
    Admitted(
        "an escaped redirector that stays",
        link="https://www.acme-ai.com/out?to=https%3A%2F%2Fwww.acme-ai.com%2Fnews%2Fmodel-6",
    ),
    Admitted("a redirector within its host", link="https://www.acme-ai.com/go?url=/news/model-6"),
    Admitted("a search engine's redirector to us", link=f"https://www.google.com/url?q={OFFICIAL}"),
    Admitted("a page that is called go", link="https://www.acme-ai.com/blog/go", url="https://www.acme-ai.com/blog/go"),
    Admitted(
        "a parameter that is called url",
        link="https://www.acme-ai.com/a?url=https://evil.example",
        url="https://www.acme-ai.com/a?url=https://evil.example",
    ),
]

DATES = [
    ("Thu, 21 May 2026 10:00:00 GMT", "second"),
    ("Sat, 01 Jan 0001 00:00:00 GMT", "none"),
    ("Thu, 01 Jan 1970 00:00:00 GMT", "none"),
    ("Fri, 31 Dec 9999 23:59:59 GMT", "none"),
    ("Fri, 31 Dec 2100 23:59:59 GMT", "none"),
    ("Wed, 31 Feb 2026 10:00:00 GMT", "none"),
    ("yesterday", "none"),
    ("2026-05-21T99:99:99Z", "day"),
    ("-2026-05-21", "none"),
    ("99999999999999999999", "none"),
    ("٢٠٢٦-٠٥-٢١", "day"),
    ("2026-05-21T10:00:00+99:00", "day"),
    ("Sat, 31 Dec 2050 00:00:00 GMT", "far-date"),
    ("2027-12-01", "far-date"),
    ("2027-01-01", "day"),
]
