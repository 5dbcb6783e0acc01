"""Signs of a document cut off in transfer."""

from __future__ import annotations

import re


def lacks_end(markup: str, root: str) -> bool:
    """Whether XML has no end tag for its root element. `root` is its local name."""
    name = rf"(?:[\w.-]+:)?{re.escape(root)}"
    return re.search(rf"</{name}\s*>|<{name}\b[^<>]*/>", markup, re.IGNORECASE) is None


def ends_in_tag(markup: str) -> bool:
    """Whether HTML ends inside a tag. A cut between two tags leaves no sign, because end tags are optional."""
    return markup.rfind("<") > markup.rfind(">")
