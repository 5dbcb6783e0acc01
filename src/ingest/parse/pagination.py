"""The next page of a list with several pages (`select.next`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ingest import urls
from ingest.parse.markup import webpage
from ingest.parse.markup.elements import HtmlPage
from ingest.parse.markup.links import absolute
from ingest.parse.markup.selector import compile_selector

NO_PAGE: Final = re.compile(r"#|(?:javascript|mailto|tel|data|blob):", re.IGNORECASE)
"""The beginning of a link to no other page."""


def next_page(page: HtmlPage, select: Mapping[str, str], url: str) -> str | None:
    """Return the address of the next page of a list from `url`, and None on the last page."""
    if "next" not in select:
        return None
    selector, root = compile_selector(select["next"]), page.tree.root
    link = selector.first(root, page, attribute="href") if root else ""
    return None if NO_PAGE.match(link) else another_page(link, webpage.base_of(page.tree, url), url)


def another_page(link: str, base: str, url: str) -> str | None:
    """Return the address of a link, and None when it is empty or leads to `url` again."""
    address = absolute(link, base).partition("#")[0] if link else ""
    return address if address and urls.page_key_of(address) != urls.page_key_of(url.partition("#")[0]) else None
