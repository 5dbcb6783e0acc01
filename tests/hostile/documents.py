"""
Documents that are meant to break, stall or fool what reads them: each is built here, none is stored.

A case says what its document must come to. `good` are the titles that have to be admitted whatever stands beside them,
`refused` the rules by which the others are, as often as they are; `rule` is the error of a document that as a whole is
none. `cpu_s` bounds everything together, children included; `budget_s` is what the jail is given where more would only take longer.
A case that is `long` runs with `--long` alone: it is a larger form of the one before it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass

from ingest.model import Kind
from support.documents import atom, rss

GOOD = "<title>Model 5</title><link>https://www.acme-ai.com/news/model-5</link>"
GOOD_ATOM = "<title>Model 5</title><id>a</id><link href='https://www.acme-ai.com/news/model-5'/>"
JSON_GOOD = {"id": "1", "title": "Model 5", "url": "https://www.acme-ai.com/news/model-5"}
BOTH = ("Model 5",)
ATTRIBUTE = 'a{i}="1" '
DEFAULT = "<!ATTLIST item a{i} CDATA 'v'>"
NAME = "<!ENTITY e{i} 'v'>"
SECOND = "<title type='html'><![CDATA[{}]]></title><id>b</id><link href='/b'/>"
UNLIKE = "<b a{i}><p>"
BARE = "a{i} "
TENFOLD = "&a{i};" * 10
PLACE = "<gml:pos xmlns:gml='http://www.opengis.net/gml'>1 2<b/></gml:pos>"  # breaks feedparser


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    build: Callable[[], str | bytes]
    good: tuple[str, ...] = BOTH
    refused: tuple[str, ...] = ()
    rule: str = ""
    cpu_s: float = 2.0
    budget_s: int = 20
    kind: Kind = Kind.FEED
    media_type: str | None = None
    select: tuple[tuple[str, str], ...] = ()
    long: bool = False


def beside(markup: str, *, head: str = "", attributes: str = "") -> str:
    """Write hostile markup into the one good entry of a feed."""
    return rss(GOOD + markup, head=head, attributes=attributes)


def numbered(template: str, count: int) -> str:
    return "".join(template.format(i=number) for number in range(count))


def feed(name: str, markup: Callable[[], str], **rest: object) -> Case:
    return Case(name, lambda: beside(markup()), **rest)  # type: ignore[arg-type] # the fields of a case


DC = ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
MEDIA = ' xmlns:media="http://search.yahoo.com/mrss/"'
ATOM = ' xmlns:atom="http://www.w3.org/2005/Atom"'

# What costs the square of its length in a library, or did in our own expressions: see parse.feed.bounded and text.
SQUARES = [
    feed("16,000 attributes of one element", lambda: f"<x {numbered(ATTRIBUTE, 16_000)}/>"),
    feed("100,000 attributes of one element", lambda: f"<x {numbered(ATTRIBUTE, 100_000)}/>"),
    feed("16,000 attributes in ill-formed XML", lambda: f"<x {numbered(ATTRIBUTE, 16_000)}/><b>"),
    feed("one attribute 100,000 times", lambda: "<x " + 'a="1" ' * 100_000 + "/>"),
    feed("100,000 attributes without a value", lambda: "<x " + "a " * 100_000 + "/>"),
    feed("an author of 1 MB", lambda: f"<author>{'a' * 1_000_000}</author>"),
    feed("an author of 1 MB of dots", lambda: f"<author>{'a.' * 500_000}</author>"),
    feed("an author in pieces", lambda: f"<author>{'aaaaaaaaaa<b/>' * 10_000}</author>"),
    feed("an author of CDATA sections", lambda: f"<author>{'<![CDATA[aaaaaaaaaa]]>' * 20_000}</author>"),
    feed("an author of references", lambda: f"<author>{'&#97;' * 100_000}</author>"),
    feed("a managing editor of 100 KB", lambda: f"<managingEditor>{'a' * 100_000}</managingEditor>"),
    feed("a webmaster of 100 KB", lambda: f"<webMaster>{'a' * 100_000}</webMaster>"),
    Case("a dc:creator of 100 KB", lambda: beside(f"<dc:creator>{'a' * 100_000}</dc:creator>", attributes=DC)),
    Case(
        "a creator under another prefix",
        lambda: beside(f"<zz:creator>{'a' * 100_000}</zz:creator>", attributes=DC.replace(":dc", ":zz")),
    ),
    Case("an Atom author of 1 MB", lambda: atom(f"{GOOD_ATOM}<author><name>{'a' * 1_000_000}</name></author>")),
    feed("20,000 categories", lambda: numbered("<category>c{i}</category>", 20_000)),
    feed("20,000 categories of a domain", lambda: numbered("<category domain='d'>c{i}</category>", 20_000)),
    feed("20,000 tags between commas", lambda: f"<tags>{','.join(map(str, range(20_000)))}</tags>"),
    feed(
        "10,000 namespaces, nested",
        lambda: (
            numbered('<n{i}:a xmlns:n{i}="http://a/{i}">', 10_000)
            + "".join(f"</n{i}:a>" for i in reversed(range(10_000)))
        ),
    ),
    Case(
        "20,000 namespaces of the root", lambda: beside("", attributes=numbered(' xmlns:n{i}="http://a/{i}"', 20_000))
    ),
    Case(
        "a prefix of 100 KB",
        lambda: beside(f"<{'p' * 100_000}:a/>" * 20, attributes=" xmlns:" + "p" * 100_000 + "='u'"),
    ),
    Case(
        "a base of 1 MB above 2,000 links",
        lambda: rss(
            GOOD,
            *["<title>Other</title><link>x</link>"] * 2_000,
            attributes=" xml:base='https://www.acme-ai.com/" + "a" * 1_000_000 + "/'",
        ),
        good=("Model 5", *["Other"] * 2_000),
        cpu_s=3,
    ),
    feed("20,000 bases, nested", lambda: '<a xml:base="b/">' * 20_000 + "</a>" * 20_000),
    Case(
        "a title of unlike formatting",
        lambda: atom(GOOD_ATOM, *[SECOND.replace("{}", "Other " + numbered(UNLIKE, 5_000))]),
        good=("Model 5", "Other"),
    ),
    Case(
        "summaries of unlike formatting",
        lambda: rss(
            GOOD,
            *[f"<title>Other</title><link>/b</link><description><![CDATA[{numbered(UNLIKE, 2_000)}]]></description>"]
            * 10,
        ),
        good=("Model 5", *["Other"] * 10),
    ),
    Case(
        "a title of 13,000 nested blocks",
        lambda: atom(GOOD_ATOM, *[SECOND.replace("{}", "Other " + "<div>" * 13_000)]),
        good=("Model 5", "Other"),
    ),
    Case(
        "a title with 8,000 attributes",
        lambda: atom(GOOD_ATOM, *[SECOND.replace("{}", f"<b {numbered(BARE, 8_000)}>Other</b>")]),
        good=("Model 5", "Other"),
    ),
    Case(
        "a title with attributes behind a quoted >",
        lambda: atom(GOOD_ATOM, *[SECOND.replace("{}", f"<b x='>' {numbered(BARE, 9_000)}>Other</b>")] * 10),
        good=("Model 5", *["Other"] * 10),
    ),
    Case(
        "a title of 65,000 marks",
        lambda: rss(GOOD, f"<title>Other {'̧̀' * 32_000}</title><link>/b</link>"),
        good=("Model 5", f"Other {'̧' * 15}{'̀' * 15}"),
    ),
    Case(
        "a title of 65,000 joiners",
        lambda: rss(GOOD, f"<title>Other{'‍' * 65_000}</title><link>/b</link>"),
        good=("Model 5", "Other"),
    ),
    Case(
        "titles of ruby text",
        lambda: atom(GOOD_ATOM, *[SECOND.replace("{}", "Other" + "<rt>" * 12_000)] * 10),
        good=("Model 5", *["Other"] * 10),
    ),
    Case(
        "2,000 entries that break the parser",
        lambda: rss(GOOD, *[f"<title>t</title>{PLACE}"] * 2_000),
        refused=("broken",) * 2_000,
        cpu_s=3,
    ),
    Case(
        "100 guilty among 3,000 entries",
        lambda: rss(GOOD, *(["<title>Other</title><link>/b</link>"] * 29 + [f"<title>t</title>{PLACE}"]) * 100),
        good=("Model 5", *["Other"] * 2_900),
        refused=("broken",) * 100,
        cpu_s=3,
    ),
]

# Names that the document declares itself, and files and servers that it asks for.
ENTITIES = [
    Case(
        "a billion laughs",
        lambda: (
            '<!DOCTYPE rss [<!ENTITY a0 "ha"><!ENTITY a1 "&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;"><!ENTITY a2 "&a1;&a1;&a1;&a1;&a1;&a1;&a1;&a1;">]>'
            + beside("<description>&a2;</description>")
        ),
    ),
    Case(
        "eleven levels of tens",
        lambda: (
            '<!DOCTYPE rss [<!ENTITY a0 "ha">'
            + "".join(f'<!ENTITY a{i} "{TENFOLD.format(i=i - 1)}">' for i in range(1, 12))
            + "]>"
            + beside("<description>&a11;</description>")
        ),
    ),
    Case(
        "one name of 100 KB, 10,000 times",
        lambda: (
            '<!DOCTYPE rss [<!ENTITY a "'
            + "x" * 100_000
            + '">]>'
            + beside(f"<description>{'&a;' * 10_000}</description>")
        ),
    ),
    Case(
        "one name of 100 characters, 100,000 times",
        lambda: (
            '<!DOCTYPE rss [<!ENTITY a "' + "x" * 100 + '">]>' + beside(f"<description>{'&a;' * 100_000}</description>")
        ),
    ),
    Case(
        "a name that is itself",
        lambda: '<!DOCTYPE rss [<!ENTITY a "&b;"><!ENTITY b "&a;">]>' + beside("<description>&a;</description>"),
    ),
    Case(
        "a file",
        lambda: '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + beside("<description>&x;</description>"),
    ),
    Case(
        "a file in a title",
        lambda: (
            '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            + rss(GOOD, "<title>Other &x;</title><link>/b</link>")
        ),
        good=("Model 5", "Other &x;"),
    ),
    Case(
        "a server",
        lambda: '<!DOCTYPE rss [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]>' + beside("<description>&x;</description>"),
    ),
    Case(
        "a parameter entity of a server",
        lambda: '<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://127.0.0.1:1/">%x;]>' + beside(""),
    ),
    Case("an external subset", lambda: '<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/rss.dtd">' + beside("")),
    Case(
        "an external subset that is public", lambda: '<!DOCTYPE rss PUBLIC "-//x//y" "file:///etc/passwd">' + beside("")
    ),
    Case(
        "5,000 attributes by default",
        lambda: f"<!DOCTYPE rss [{numbered(DEFAULT, 5_000)}]>" + rss(*[GOOD] * 100),
        good=("Model 5",) * 100,
    ),
    Case(
        "50,000 names",
        lambda: (
            f"<!DOCTYPE rss [{numbered(NAME, 50_000)}]>"
            + beside(f"<description>{numbered('&e{i};', 50_000)}</description>")
        ),
    ),
    Case(
        "a document type that does not end",
        lambda: "<!DOCTYPE rss [" + "<!ENTITY a 'b'>" * 10_000 + beside(""),
    ),
    Case("100,000 document types", lambda: "<!DOCTYPE a>" * 100_000 + beside(""), cpu_s=4),
    Case(
        "an XInclude",
        lambda: beside(
            '<xi:include href="file:///etc/passwd" parse="text"/>',
            attributes=' xmlns:xi="http://www.w3.org/2001/XInclude"',
        ),
    ),
    Case("a style sheet", lambda: '<?xml-stylesheet href="http://127.0.0.1:1/x.xsl" type="text/xsl"?>' + beside("")),
    feed("500,000 bare ampersands", lambda: f"<description>{'&' * 90_000}</description>"),
    feed("300,000 references", lambda: f"<description>{'&#65;' * 90_000}</description>"),
    feed(
        "references that cannot be",
        lambda: "<description>&#xD800;&#0;&#x110000;&#xFFFE;&#99999999999999999999;</description>",
    ),
]

# Depth, number and size.
SIZES = [
    feed("20,000 levels", lambda: "<a>" * 12_000 + "</a>" * 12_000),
    feed("20,000 levels that stay open", lambda: "<a>" * 20_000),
    Case(
        "20,000 levels of XHTML",
        lambda: atom(f"{GOOD_ATOM}<content type='xhtml'>{'<div>' * 12_000}x{'</div>' * 12_000}</content>"),
    ),
    Case(
        "items inside items",
        lambda: f"<rss version='2.0'><channel>{'<item>' * 5_000}{GOOD}{'</item>' * 5_000}</channel></rss>",
        refused=("empty",) * 4_999,
    ),
    Case(
        "4,000 entries",
        lambda: rss(GOOD, *["<title>Other</title><link>/b</link>"] * 3_999),
        good=("Model 5", *["Other"] * 3_999),
        cpu_s=3,
    ),
    Case(
        "100,000 entries",
        lambda: rss(GOOD, *["<title>Other</title><link>/b</link>"] * 99_999),
        good=("Model 5", *["Other"] * 19_999),
        refused=("too-many",),
        cpu_s=20,
        long=True,
    ),
    Case("20,001 empty entries", lambda: rss(GOOD, *[""] * 20_000), refused=(*["empty"] * 19_999, "too-many"), cpu_s=3),
    Case(
        "100,000 empty entries",
        lambda: rss(GOOD, *[""] * 99_999),
        refused=(*["empty"] * 19_999, "too-many"),
        cpu_s=6,
        long=True,
    ),
    Case(
        "a title of 1 MB",
        lambda: rss(GOOD, f"<title>{'word ' * 200_000}</title><link>/b</link>"),
        good=("Model 5", "word " * 199 + "word…"),
    ),
    Case(
        "a title of 1 MB without a space",
        lambda: rss(GOOD, f"<title>{'x' * 1_000_000}</title><link>/b</link>"),
        good=("Model 5", "x" * 999 + "…"),
    ),
    Case(
        "a title of 5 MB of CDATA",
        lambda: rss(GOOD, f"<title><![CDATA[{'<b>' * 1_700_000}]]></title><link>/b</link>"),
        good=("Model 5", "<b>" * 333 + "…"),
        cpu_s=4,
    ),
    Case("a summary of 5 MB", lambda: beside(f"<description>{'x ' * 2_500_000}</description>"), cpu_s=4),
    Case(
        "a link of 1 MB",
        lambda: rss(GOOD, f"<title>Other</title><link>https://www.acme-ai.com/{'a' * 1_000_000}</link>"),
        refused=("too-long",),
    ),
    Case(
        "an id of 1 MB",
        lambda: rss(GOOD, f"<title>Other</title><link>/b</link><guid isPermaLink='false'>{'a' * 1_000_000}</guid>"),
        good=("Model 5", "Other"),
    ),
    feed("a date of 1 MB", lambda: f"<pubDate>{'1' * 1_000_000}</pubDate>"),
    feed("a date of 500,000 words", lambda: f"<pubDate>{'a ' * 500_000}</pubDate>"),
    feed("a number of 4,200 digits", lambda: f"<image><width>{'1' * 4_200}</width></image>"),
    feed("50,000 empty elements", lambda: "<b/>" * 50_000),
    feed("200,000 empty elements", lambda: "<b/>" * 200_000, cpu_s=6, long=True),
    feed("20,000 links", lambda: "<link>https://www.acme-ai.com/news/model-5</link>" * 10_000),
    feed("20,000 enclosures", lambda: "<enclosure url='a' type='b'/>" * 20_000),
    Case(
        "20,000 pictures, nested",
        lambda: beside(
            "<media:group>" * 6_000 + "<media:thumbnail url='a'/>" * 6_000 + "</media:group>" * 6_000, attributes=MEDIA
        ),
    ),
    feed("2 million line breaks", lambda: f"<description>{chr(10) * 1_900_000}</description>", cpu_s=4),
    feed("200,000 comments", lambda: "<!-- a -->" * 20_000),
    feed("a comment that does not end", lambda: "<!-- a " * 100_000),
    feed(
        "CDATA that does not end",
        lambda: "<description>" + "<![CDATA[" * 100_000,
        cpu_s=4,
    ),
    feed("instructions that do not end", lambda: "<?a b" * 100_000, cpu_s=4),
    feed("a tag that does not end", lambda: "<a b='" + "x" * 1_000_000),
    feed("20,000 tags that do not end", lambda: "<a " * 20_000),
    feed("20,000 end tags of nothing", lambda: "</a>" * 20_000, good=BOTH),
    Case("white space of 5 MB", lambda: " " * 5_000_000, good=(), rule="empty", cpu_s=4),
    Case("NULs of 5 MB", lambda: "\0" * 5_000_000, good=(), rule="empty", cpu_s=4),
    Case("20,000 roots", lambda: "x" + "<rss version='2.0'>" * 20_000 + "</rss>", good=()),
]

# Characters, and encodings that lie.
ENCODINGS = [
    Case("NULs inside tags", lambda: beside("").replace("<item>", "<it\0em>").replace("</item>", "</it\0em>")),
    Case("NULs inside a title", lambda: rss(GOOD, "<title>Oth\0er</title><link>/b</link>"), good=("Model 5", "Other")),
    Case(
        "half a character as bytes",
        lambda: beside("<description>\ud800</description>").encode("utf-8", "surrogatepass"),
    ),
    Case(
        "noncharacters", lambda: rss(GOOD, "<title>Oth\ufffe\uffffer</title><link>/b</link>"), good=("Model 5", "Other")
    ),
    Case(
        "control characters",
        lambda: rss(GOOD, "<title>O\x01t\x08h\x0ce\x1fr</title><link>/b</link>"),
        good=("Model 5", "Other"),
    ),
    Case("UTF-16 with a mark", lambda: beside("").encode("utf-16")),
    Case("UTF-16 without a mark", lambda: beside("").encode("utf-16-le")),
    Case("UTF-16 big-endian without a mark", lambda: beside("").encode("utf-16-be")),
    Case("UTF-16 behind a space, without a mark", lambda: (" " + beside("")).encode("utf-16-be")),
    Case("UTF-16 that says UTF-8", lambda: ('<?xml version="1.0" encoding="utf-8"?>' + beside("")).encode("utf-16")),
    Case("UTF-8 that says UTF-16", lambda: '<?xml version="1.0" encoding="utf-16"?>' + beside("")),
    Case("half a unit of UTF-16", lambda: beside("").encode("utf-16") + b"\x00"),
    Case("UTF-32", lambda: beside("").encode("utf-32")),
    Case(
        "UTF-7 by media type",
        lambda: beside("<description>+ADw-b+AD4-</description>"),
        media_type="text/xml; charset=utf-7",
    ),
    Case("EBCDIC by media type", lambda: beside("").encode("cp037"), media_type="text/xml; charset=cp037"),
    Case("a charset that is none", lambda: beside(""), media_type="text/xml; charset=nonsense"),
    Case("a charset that is a compression", lambda: '<?xml version="1.0" encoding="zlib"?>' + beside("")),
    Case("a charset that is a cipher", lambda: '<?xml version="1.0" encoding="rot13"?>' + beside("")),
    Case("a charset of 1 MB", lambda: '<?xml version="1.0" encoding="' + "a" * 1_000_000 + '"?>' + beside("")),
    Case(
        "Shift_JIS that says UTF-8",
        lambda: (
            b'<?xml version="1.0" encoding="utf-8"?>'
            + rss("<title>新しいモデル</title><link>/b</link>").encode("cp932")
        ),
        media_type="text/xml; charset=shift_jis",
        good=("新しいモデル",),
    ),
    Case(
        "EUC-JP cut inside a character",
        lambda: (
            rss(GOOD, "<title>日本</title><link>/b</link>")
            .encode("euc_jp")
            .replace("日本".encode("euc_jp"), "日本".encode("euc_jp")[:-1])
        ),
        media_type="text/xml; charset=euc-jp",
        good=("Model 5", "ÆüË"),
    ),
    Case("overlong UTF-8", lambda: beside("").encode() + b"<!-- \xc0\xbc\xe0\x80\xbc -->"),
    Case("bytes that are no text", lambda: bytes(range(256)) * 4_000, good=(), rule="not-a-feed"),
    Case("XML 1.1", lambda: '<?xml version="1.1"?>' + beside("<description>&#x1;</description>")),
    Case("marks one after the other", lambda: "\ufeff\ufeff\ufeff" + beside("")),
]

# What is no feed, under status 200; what is one in disguise.
OTHERS = [
    Case("nothing", lambda: b"", good=(), rule="empty"),
    Case("a space", lambda: " \n", good=(), rule="empty"),
    Case("a mark and nothing", lambda: b"\xef\xbb\xbf", good=(), rule="empty"),
    Case(
        "HTML",
        lambda: "<!DOCTYPE html><html><head><title>Acme</title></head><body></body></html>",
        good=(),
        rule="html",
    ),
    Case(
        "HTML without a type",
        lambda: "<html><body>Not found</body></html>",
        good=(),
        rule="html",
        media_type="application/rss+xml",
    ),
    Case(
        "a login page",
        lambda: "<!doctype html><title>Sign in</title><form action=/login><input type=password></form>",
        good=(),
        rule="login",
    ),
    Case(
        "a challenge page",
        lambda: (
            "<!DOCTYPE html><html><head><title>Just a moment...</title></head><script>window._cf_chl_opt={}</script></html>"
        ),
        good=(),
        rule="challenge",
    ),
    Case(
        "a page of 200,000 blocks where a feed should be",
        lambda: "<!DOCTYPE html><html>" + "<div>" * 200_000,
        good=(),
        rule="html",
    ),
    Case(
        "a PDF",
        lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj" + b"\0\xff" * 1_000,
        good=(),
        rule="not-a-feed",
    ),
    Case("a picture", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 1_000, good=(), rule="not-a-feed"),
    Case("a zip file", lambda: b"PK\x03\x04" + b"\0" * 1_000, good=(), rule="not-a-feed"),
    Case("gzip that no header names", lambda: gzip.compress(rss(GOOD).encode())),
    Case("plain words", lambda: "Service temporarily unavailable", good=(), rule="not-a-feed"),
    Case("an error as JSON", lambda: '{"error": "rate limited"}', good=(), rule="not-a-feed"),
    Case(
        "a SOAP fault",
        lambda: "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'/>",
        good=(),
        rule="not-a-feed",
    ),
    Case(
        "a picture as XML",
        lambda: "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        good=(),
        rule="not-a-feed",
    ),
    Case(
        "a sitemap", lambda: "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", good=(), rule="not-a-feed"
    ),
    Case("a feed behind a warning", lambda: "Warning: mysql_connect() in /var/www on line 3\n" + rss(GOOD)),
    Case("a feed inside a page", lambda: f"<html><body><pre>{rss(GOOD)}</pre></body></html>"),
    Case(
        "a feed cut in an entry",
        lambda: rss(GOOD, "<title>Other</title><link>https://www.acme-ai.com/b")[:-40],
        refused=("truncated",),
    ),
    Case("two feeds in one", lambda: rss(GOOD) + rss(GOOD), good=("Model 5", "Model 5")),
]

# JSON Feed.
JSONS = [
    Case(
        "brackets without end",
        lambda: '{"version":"https://jsonfeed.org/version/1","items":' + "[" * 1_000_000,
        good=(),
        rule="broken",
    ),
    Case("objects without end", lambda: '{"a":' * 400_000, good=(), rule="broken"),
    Case(
        "a number of 5,000 digits",
        lambda: (
            '{"version":"https://jsonfeed.org/version/1","items":[{"id":'
            + "1" * 5_000
            + '},{"id":2,"title":"Other","url":"/b"}]}'
        ),
        good=("Other",),
        refused=("no-title",),
    ),
    Case(
        "a number beyond all",
        lambda: '{"version":"https://jsonfeed.org/version/1","items":[{"id":1e999,"title":"Other","url":"/b"}]}',
        good=("Other",),
    ),
    Case(
        "values of the wrong type",
        lambda: json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "items": [JSON_GOOD, None, 1, [], {"title": []}, {"url": {}}],
            }
        ),
        refused=("not-an-object",) * 3 + ("empty",) * 2,
    ),
    Case(
        "half a character in JSON",
        lambda: '{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","title":"Oth\\ud800er","url":"/b"}]}',
        good=("Other",),
    ),
    Case(
        "a NUL in JSON",
        lambda: '{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","title":"Oth\\u0000er","url":"/b"}]}',
        good=("Other",),
    ),
    Case(
        "20,001 items",
        lambda: json.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "items": [JSON_GOOD] * 2_000 + [{}] * 18_001}
        ),
        good=("Model 5",) * 2_000,
        refused=(*["empty"] * 18_000, "too-many"),
        cpu_s=4,
    ),
    Case(
        "100,000 items",
        lambda: json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [JSON_GOOD] * 100_000}),
        good=("Model 5",) * 20_000,
        refused=("too-many",),
        cpu_s=12,
        long=True,
    ),
    Case(
        "500,000 keys",
        lambda: json.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "items": [JSON_GOOD | {str(i): 1 for i in range(150_000)}]}
        ),
        cpu_s=4,
    ),
    Case(
        "100,000 tags",
        lambda: json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "items": [JSON_GOOD | {"tags": list(map(str, range(100_000)))}],
            }
        ),
        cpu_s=4,
    ),
    Case(
        "one key twice",
        lambda: '{"version":"https://jsonfeed.org/version/1","items":[],"items":[' + json.dumps(JSON_GOOD) + "]}",
    ),
    Case(
        "NaN and Infinity",
        lambda: (
            '{"version":"https://jsonfeed.org/version/1","items":[{"id":NaN,"title":"Other","url":"/b","date_published":Infinity}]}'
        ),
        good=("Other",),
    ),
]

_CARDS = (("entry", "article"), ("title", "h2"), ("link", "a"))
_CARD = "<article><h2>Model 5</h2><a href=/news/model-5>x</a></article>"


def page(name: str, markup: Callable[[], str], **rest: object) -> Case:
    fields: dict[str, object] = {"kind": Kind.PAGE, "select": _CARDS, "good": (), "rule": "*"}
    return Case(name, lambda: f"<!doctype html><html><body>{markup()}</body></html>", **(fields | rest))  # type: ignore[arg-type] # as above


# Pages: whatever is good in them lives, or the page ends under some name.
PAGES = [
    page("a page", lambda: _CARD, good=BOTH, rule=""),
    page("a page of 200,000 nested blocks", lambda: _CARD + "<div>" * 200_000),
    page("a page of unlike formatting", lambda: _CARD + numbered("<b a{i}><p>", 10_000)),
    page("a page of articles inside articles", lambda: "<article>" * 1_900 + "<h2>x</h2>" * 5_000, rule="too-costly"),
    page("articles that end in comments", lambda: "<article><!--</article>--><h2>x</h2>" * 5_000, rule="too-costly"),
    page("articles that end in values", lambda: "<article a='</article>'><h2>x</h2>" * 5_000, rule="too-costly"),
    page("articles that end out of scope", lambda: "<article><object></article><h2>x</h2>" * 3_000, rule="too-costly"),
    page(
        "ten articles inside one another, of 1 MB",
        lambda: ("<article>" * 10 + "<p>x" * 300 + "</article>" * 10) * 30,
        rule="too-costly",
    ),
    page("a page with 500,000 attributes", lambda: f"{_CARD}<x {'a ' * 500_000}>"),
    page("a page with an attribute of 1 MB", lambda: f"{_CARD}<x a='{'a ' * 500_000}'>", good=BOTH, rule=""),
    page("a page of 1 MB of white space", lambda: _CARD + " " * 1_000_000, good=BOTH, rule=""),
    page("a page of tables inside tables", lambda: _CARD + "<table><tr><td>" * 3_000),
    page("a page of templates inside templates", lambda: _CARD + "<template>" * 10_000),
    page("a page of pictures inside pictures", lambda: _CARD + "<svg><desc>" * 10_000),
    page(
        "a page of data without end",
        lambda: _CARD + '<script type="application/ld+json">' + '{"a":[' * 50_000 + "</script>",
        good=BOTH,
        rule="",
    ),
    page("a page of 20,000 scripts", lambda: _CARD + "<script>1</script>" * 10_000, good=BOTH, rule=""),
    page("a title of a megabyte", lambda: f"<article><h2>{'x' * 1_000_000}</h2><a href=/b>x</a></article>"),
    page("nothing but a page of NULs", lambda: "\0" * 1_000_000),
    Case(
        "a sitemap of 5,000 addresses",
        lambda: f"<urlset>{numbered('<url><loc>https://www.acme-ai.com/{i}</loc></url>', 5_000)}</urlset>",
        kind=Kind.SITEMAP,
        good=("",) * 5_000,
        cpu_s=3,
    ),
    Case(
        "a sitemap of 50,000 addresses",
        lambda: f"<urlset>{numbered('<url><loc>https://www.acme-ai.com/{i}</loc></url>', 50_000)}</urlset>",
        kind=Kind.SITEMAP,
        good=("",) * 50_000,
        cpu_s=8,
        long=True,
    ),
    Case("a sitemap with a name of 1 MB", lambda: f"<urlset><{'b.' * 500_000}", kind=Kind.SITEMAP, good=(), rule="*"),
    Case("a sitemap of tags without end", lambda: "<urlset>" + "<a " * 300_000, kind=Kind.SITEMAP, good=(), rule="*"),
    Case(
        "a packed sitemap of 10 MB of NULs",
        lambda: gzip.compress(b"\0" * 10_000_000),
        kind=Kind.SITEMAP,
        good=(),
        rule="empty",
        cpu_s=4,
    ),
    Case(
        "a packed sitemap of NULs",
        lambda: gzip.compress(b"\0" * 60_000_000),
        kind=Kind.SITEMAP,
        good=(),
        rule="empty",
        cpu_s=14,
        long=True,
    ),
    Case(
        "a packed sitemap of nothing but signs",
        lambda: gzip.compress(b"<urlset>" + b"<" * 40_000_000),
        kind=Kind.SITEMAP,
        good=(),
        rule="*",
        cpu_s=4,
        budget_s=1,
    ),
    Case(
        "a million packed nothings",
        lambda: gzip.compress(b"") * 500_000,
        kind=Kind.SITEMAP,
        good=(),
        rule="*",
        cpu_s=4,
        budget_s=1,
    ),
    Case(
        "a packed sitemap that breaks off",
        lambda: gzip.compress(b"<urlset/>")[:-9],
        kind=Kind.SITEMAP,
        good=(),
        rule="*",
    ),
]

GROUPS = {
    "squares": SQUARES,
    "entities": ENTITIES,
    "sizes": SIZES,
    "encodings": ENCODINGS,
    "others": OTHERS,
    "json": JSONS,
    "pages": PAGES,
}
