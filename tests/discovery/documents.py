"""
Lists and changelogs as sites make them, each with what it announces: what `sources discover` is measured by.

None is a copy of a site: each has one make that occurs (headings that are versions, dates above several headings, a table,
Markdown, no headings at all, ...) and what stands around it: menus, a table of contents, links in the text, a footer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SITE: Final = "https://www.acme-ai.com"

NAV = (
    '<header class="site-header"><nav><a href="/products">Products</a><a href="/docs">Docs</a><a href="/pricing">Pricing</a>'
    '<a href="/blog">Blog</a></nav></header>'
)
SIDE = (
    '<aside class="sidebar"><ul><li><a href="/docs/quickstart">Quickstart for developers</a></li><li><a href="/docs/models">Models and prices</a></li>'
    '<li><a href="/docs/agents">Building agents with tools</a></li><li><a href="/docs/safety">Safety best practices</a></li></ul></aside>'
)
FOOT = (
    '<footer><ul><li><a href="/legal/terms">Terms of service</a></li><li><a href="/legal/privacy">Privacy policy</a></li>'
    '<li><a href="/careers">Careers</a></li></ul><p>© 2026 Acme</p></footer>'
)


@dataclass(frozen=True)
class Offered:
    """A document, where it lies, and the first proposal that is right for it; each entry a title, a day and where it leads."""

    name: str
    url: str
    content: bytes
    kind: str
    entries: tuple[tuple[str, str, str], ...]
    media_type: str = "text/html; charset=utf-8"


def html(body: str, title: str = "Acme", *, lang: str = "en", side: str = SIDE) -> bytes:
    head = f'<head><meta charset="utf-8"><title>{title}</title></head>'
    return f'<!doctype html><html lang="{lang}">{head}<body>{NAV}<div class="layout">{side}<main>{body}</main></div>{FOOT}</body></html>'.encode()


NOTES = [
    ("2.4.0", "2026-05-21", "May 21, 2026", "Agent hooks", "agent-hooks"),
    ("2.3.1", "2026-05-12", "May 12, 2026", "Faster cold starts", "faster-cold-starts"),
    ("2.3.0", "2026-04-30", "April 30, 2026", "Batch requests", "batch-requests"),
    ("2.2.0", "2026-04-02", "April 2, 2026", "Structured output", "structured-output"),
    ("2.1.0", "2026-03-11", "March 11, 2026", "Prompt caching", "prompt-caching"),
    ("2.0.0", "2026-02-03", "February 3, 2026", "A new client library", "a-new-client-library"),
]
TEXT = (
    '<p>See <a href="/docs/models">the models page</a> and <a href="/docs/{slug}">the guide to {low}</a> for what is new in detail.</p>'
    "<ul><li>Added {low} to the API.</li><li>Fixed a bug in streaming.</li><li>Improved the error messages of the client.</li></ul>"
)


def each(form: str) -> str:
    return "".join(
        form.format(v=v, iso=iso, day=day, title=title, slug=slug, text=TEXT.format(slug=slug, low=title.lower()), n=n)
        for n, (v, iso, day, title, slug) in enumerate(NOTES)
    )


def versions(form: str, place: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (
            form.format(v=v, day=day, title=title, iso=iso),
            iso,
            place.format(v=v, slug=slug, iso=iso, flat=v.replace(".", "")),
        )
        for v, iso, day, title, slug in NOTES
    )


def named(form: str, place: str) -> tuple[tuple[str, str, str], ...]:
    return versions(form, place)


JA = [
    ("2026-05-21", "2026年5月21日", "モデル「アクメ5」の提供を開始しました", "model-5"),
    ("2026-05-12", "2026年5月12日", "APIの応答速度を改善しました", "api-speed"),
    ("2026-04-30", "2026年4月30日", "管理画面に利用量の表示を追加しました", "usage"),
    ("2026-04-02", "2026年4月2日", "旧モデルの提供終了について", "old-models"),
]


def ja(form: str) -> str:
    return "".join(form.format(iso=iso, day=day, title=title, slug=slug) for iso, day, title, slug in JA)


def _changelogs() -> list[Offered]:
    built: list[Offered] = []

    def log(
        name: str, path: str, content: str | bytes, entries: tuple[tuple[str, str, str], ...], media: str = ""
    ) -> None:
        body = html(content, name) if isinstance(content, str) and not media else content
        raw = body if isinstance(body, bytes) else body.encode()
        built.append(Offered(name, SITE + path, raw, "changelog", entries, media or "text/html; charset=utf-8"))

    log(
        "versions in headings, dates below",
        "/docs/changelog",
        "<h1>Changelog</h1>" + each('<h2 id="v{v}">v{v}</h2><p class="date">{day}</p>{text}'),
        versions("v{v}", "/docs/changelog#v{v}"),
    )
    log(
        "dates as headings, features below",
        "/docs/release-notes",
        "<h1>Release notes</h1>" + each('<h2 id="{iso}">{day}</h2><h3 id="{slug}">{title}</h3>{text}'),
        named("{title}", "/docs/release-notes#{slug}"),
    )
    log(
        "sections with a time and many links",
        "/updates",
        "<h1>Product updates</h1>"
        + each(
            '<section class="update-entry" id="{slug}"><time datetime="{iso}">{day}</time><h2>{title}</h2>{text}</section>'
        ),
        named("{title}", "/updates#{slug}"),
    )
    keep = "# Changelog\n\nAll notable changes to this project.\n\n## [Unreleased]\n\n" + each(
        "## [{v}] - {iso}\n\n### Added\n\n- {title} in [the docs](https://www.acme-ai.com/docs/{slug}).\n\n### Fixed\n\n- A bug.\n\n"
    )
    log(
        "Keep a Changelog",
        "/sdk/CHANGELOG.md",
        keep,
        versions("[{v}] - {iso}", "/sdk/CHANGELOG.md#{flat}---{iso}"),
        "text/plain; charset=utf-8",
    )
    mdx = "---\ntitle: Updates\n---\n\nimport {{ X }} from './x.js'\n\n".replace("{{", "{").replace("}}", "}") + each(
        '<Update label="{day}" description="v{v}">\n  ## {title}\n\n  We added a thing. See [the docs](/docs/{slug}).\n</Update>\n\n'
    )
    log(
        "MDX updates",
        "/docs/changelog.mdx",
        mdx,
        tuple(
            (title, iso, f"/docs/changelog.mdx#{day.lower().replace(',', '').replace(' ', '-')}")
            for _, iso, day, title, _ in NOTES
        ),
        "text/plain; charset=utf-8",
    )
    log(
        "a table of what is new",
        "/docs/whats-new",
        "<h1>What's new</h1><table><thead><tr><th>Date</th><th>Change</th><th>Area</th></tr></thead><tbody>"
        + each('<tr id="{slug}"><td>{day}</td><td>{title}</td><td><a href="/docs/models">Models</a></td></tr>')
        + "</tbody></table>",
        named("{title}", "/docs/whats-new#{slug}"),
    )
    big = "<h1>History of changes</h1>" + "".join(
        f'<h2 id="v{500 - n}-0">v{500 - n}.0 ({2025 - n // 100}-{12 - n % 12:02}-{28 - n % 28:02})</h2>'
        "<ul>"
        + (
            "<li>Fixed <a href='/docs/a'>a thing</a> that was broken"
            + " in one of many ways, and said so" * 12
            + ".</li>"
        )
        * 9
        + "</ul>"
        for n in range(500)
    )
    log(
        "two megabytes",
        "/docs/history",
        big,
        tuple(
            (
                f"v{500 - n}.0 ({2025 - n // 100}-{12 - n % 12:02}-{28 - n % 28:02})",
                f"{2025 - n // 100}-{12 - n % 12:02}-{28 - n % 28:02}",
                f"/docs/history#v{500 - n}-0",
            )
            for n in range(500)
        ),
    )
    large = "# Changelog\n\n" + "".join(
        f"## {500 - n}.0.0\n\n*{2025 - n // 100}-{12 - n % 12:02}-{28 - n % 28:02}*\n\n"
        + ("- Fixed `a thing` that was broken" + " in one of many ways, and said so" * 12 + " ([#1](/x/1)).\n") * 9
        + "\n"
        for n in range(500)
    )
    log(
        "two megabytes of Markdown",
        "/cli/CHANGELOG.md",
        large,
        tuple(
            (f"{500 - n}.0.0", f"{2025 - n // 100}-{12 - n % 12:02}-{28 - n % 28:02}", f"/cli/CHANGELOG.md#{500 - n}00")
            for n in range(500)
        ),
        "text/plain; charset=utf-8",
    )
    log(
        "versions without dates",
        "/code/CHANGELOG.md",
        "# Changelog\n\n" + each("## {v}\n\n- {title}\n- Fixed a bug\n\n"),
        tuple((v, "", f"/code/CHANGELOG.md#{v.replace('.', '')}") for v, *_ in NOTES),
        "text/plain; charset=utf-8",
    )
    log(
        "Japanese release notes",
        "/docs/ja/release-notes",
        html(
            "<h1>リリースノート</h1>"
            + ja(
                '<h2 id="{iso}">{day}</h2><h3 id="{slug}">{title}</h3><p>詳しくは<a href="/docs/ja/models">モデルの一覧</a>をご覧ください。</p>'
            ),
            "リリースノート | アクメ",
            lang="ja",
        ),
        tuple((title, iso, f"/docs/ja/release-notes#{slug}") for iso, _, title, slug in JA),
    )
    log(
        "a Japanese history of changes without headings",
        "/support/history.html",
        html(
            '<h1>更新履歴</h1><dl class="history">' + ja('<dt id="{slug}">{day}</dt><dd>{title}</dd>') + "</dl>",
            "更新履歴 | アクメ",
            lang="ja",
        ),
        tuple((title, iso, f"/support/history.html#{slug}") for iso, _, title, slug in JA),
    )
    months = [
        ("May 2026", NOTES[:2]),
        ("April 2026", NOTES[2:4]),
        ("March 2026", NOTES[4:5]),
        ("February 2026", NOTES[5:]),
    ]
    log(
        "days below months",
        "/docs/api/changelog",
        "<h1>API changelog</h1>"
        + "".join(
            f"<h2>{month}</h2>"
            + "".join(
                f'<h3 id="{slug}">{day.partition(",")[0]}: {title}</h3>' + TEXT.format(slug=slug, low=title.lower())
                for _, _, day, title, slug in notes
            )
            for month, notes in months
        ),
        tuple(
            (f"{day.partition(',')[0]}: {title}", iso, f"/docs/api/changelog#{slug}")
            for _, iso, day, title, slug in NOTES
        ),
    )
    log(
        "boxes without headings",
        "/changes",
        "<h1>All changes</h1>"
        + each(
            '<div class="change-item" id="{slug}"><div class="change-meta"><span class="change-date">{day}</span> <span class="tag">API</span></div>'
            '<strong class="change-title">{title}</strong><div class="change-body">{text}</div></div>'
        ),
        named("{title}", "/changes#{slug}"),
    )
    log(
        "a date in a column beside the heading",
        "/product-updates",
        "<h1>Everything new</h1>"
        + each(
            '<div class="grid row"><div class="sticky"><time datetime="{iso}">{day}</time></div><div class="content"><h2 id="{slug}">{title}</h2>{text}</div></div>'
        ),
        named("{title}", "/product-updates#{slug}"),
    )
    log(
        "an accordion",
        "/docs/versions",
        "<h1>Versions</h1>" + each('<details id="v{n}"><summary>Version {v} — {day}</summary>{text}</details>'),
        tuple((f"Version {v} — {day}", iso, f"/docs/versions#v{n}") for n, (v, iso, day, _, _) in enumerate(NOTES)),
    )
    log(
        "headings that link to themselves, a table of contents",
        "/docs/notes",
        '<h1>Notes</h1><ul class="toc">'
        + each('<li><a href="#{slug}">{title} ({day})</a></li>')
        + "</ul>"
        + each(
            '<h2 id="{slug}">{title} ({day})<a class="anchor" href="#{slug}" aria-label="Permalink">#</a></h2>{text}'
        ),
        tuple((f"{title} ({day})", iso, f"/docs/notes#{slug}") for _, iso, day, title, slug in NOTES),
    )
    log(
        "Sphinx",
        "/sdk/en/latest/history.html",
        '<section id="history"><h1>History</h1>'
        + each('<section id="id{n}"><h2>{v} ({iso})<a class="headerlink" href="#id{n}">¶</a></h2>{text}</section>')
        + "</section>",
        tuple((f"{v} ({iso})", iso, f"/sdk/en/latest/history.html#id{n}") for n, (v, iso, *_) in enumerate(NOTES)),
    )
    log(
        "bullets below days",
        "/docs/api/news",
        "<h1>What changed in the API</h1>"
        + each('<h2 id="{iso}">{day}</h2><ul><li>{title} is <a href="/docs/{slug}">generally available</a>.</li></ul>'),
        tuple((day, iso, f"/docs/api/news#{iso}") for _, iso, day, _, _ in NOTES),
    )
    return built


LISTED = [(slug, title, iso, day) for _, iso, day, title, slug in NOTES]


def cards(form: str, folder: str) -> str:
    return "".join(
        form.format(
            link=f"{folder}{slug}",
            title=f"{title} for everybody",
            iso=iso,
            day=day,
            n=n,
            slashed=iso.replace("-", "/"),
            dotted=iso.replace("-", "."),
        )
        for n, (slug, title, iso, day) in enumerate(LISTED)
    )


def _pages() -> list[Offered]:
    built: list[Offered] = []

    def page(name: str, path: str, body: str, folder: str, lang: str = "en", title: str = "Acme") -> None:
        entries = tuple((f"{title} for everybody", iso, f"{folder}{slug}") for slug, title, iso, _ in LISTED)
        built.append(Offered(name, SITE + path, html(body, title, lang=lang), "page", entries))

    page(
        "what's new, each with its page",
        "/whats-new",
        "<h1>What's new</h1>"
        + cards(
            '<article class="post"><h2><a href="{link}">{title}</a></h2><time datetime="{iso}">{day}</time><p>Some words about it.</p></article>',
            "/whats-new/",
        ),
        "/whats-new/",
    )
    page(
        "a changelog of pages",
        "/changelog",
        "<h1>Changelog</h1>"
        + cards(
            '<div class="log"><span class="log-date">{day}</span><h3><a href="{link}">{title}</a></h3><p>Some words, <a href="{link}">read more</a>.</p></div>',
            "/changelog/",
        ),
        "/changelog/",
    )
    page(
        "GitHub's releases",
        "/acme/sdk/releases",
        cards(
            '<section aria-labelledby="hd-{n}"><div><relative-time datetime="{iso}T10:00:00Z">{day}</relative-time></div><div class="Box"><h2 class="sr-only" id="hd-{n}">{title}</h2>'
            '<a href="{link}" class="Link--primary Link">{title}</a><div class="markdown-body"><h3>Changes</h3><p>Text.</p></div></div></section>',
            "/acme/sdk/releases/tag/",
        ),
        "/acme/sdk/releases/tag/",
    )
    page(
        "a grid of cards",
        "/news",
        "<h1>News</h1><div class=grid>"
        + cards(
            '<a class="card" href="{link}"><img alt="" src="x.png"><p class="eyebrow">Product</p><h3>{title}</h3><p class="date">{day}</p></a>',
            "/news/",
        )
        + "</div>",
        "/news/",
    )
    page(
        "a press list with hours",
        "/ja/press",
        "<h1>ニュースリリース</h1><ul class=press>"
        + cards(
            '<li><span class="press-date">{slashed} 午前10時</span><span class="cat">製品</span><a href="{link}">{title}</a></li>',
            "/ja/press/",
        )
        + "</ul>",
        "/ja/press/",
        "ja",
    )
    page(
        "a list of definitions",
        "/ja/info",
        "<h1>お知らせ</h1><dl>"
        + cards('<dt>{dotted}</dt><dd><a href="{link}">{title}</a></dd>', "/ja/info/")
        + "</dl>",
        "/ja/info/",
        "ja",
    )
    page(
        "a table of papers",
        "/research",
        "<h1>Research</h1><table>"
        + cards(
            '<tr><td>{day}</td><td><a href="{link}">{title}</a></td><td>A. Author, B. Author</td></tr>', "/research/"
        )
        + "</table>",
        "/research/",
    )
    page(
        "a blog",
        "/blog",
        cards(
            '<article><h2><a href="{link}">{title}</a></h2><div class="meta">By Ada on <time>{day}</time></div><p>Some words about what we made and why it matters to you.</p><a href="{link}">Read more</a></article>',
            "/blog/",
        ),
        "/blog/",
    )
    page(
        "labels before dates",
        "/ja/news",
        "<h1>ニュース</h1><ul>"
        + cards(
            '<li class="item"><a href="{link}"><p class="ttl">{title}</p><p class="day">公開日：{slashed}（木）</p></a></li>',
            "/ja/news/",
        )
        + "</ul>",
        "/ja/news/",
        "ja",
    )
    page(
        "release notes of pages",
        "/release-notes",
        "<h1>Release notes</h1><ul>"
        + cards('<li><a href="{link}">{title}</a> <small>{day}</small></li>', "/release-notes/")
        + "</ul>",
        "/release-notes/",
    )
    return built


OFFERED: Final = (*_changelogs(), *_pages())
