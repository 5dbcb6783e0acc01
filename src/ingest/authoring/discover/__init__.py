"""The sources on a page: feeds, lists with selectors, data in scripts, changelogs and sitemaps."""

from __future__ import annotations

from ingest.authoring.discover.page import PROPOSALS, Discovery, SourceProposal, discover

__all__ = ["PROPOSALS", "Discovery", "SourceProposal", "discover"]
