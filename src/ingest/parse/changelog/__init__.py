"""Kind `changelog`: one page with many dated entries, as HTML, Markdown or MDX. `reading` lists its selectors."""

from __future__ import annotations

from ingest.parse.changelog.reading import is_html, laid_out, parse

__all__ = ["is_html", "laid_out", "parse"]
