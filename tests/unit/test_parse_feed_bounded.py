"""feedparser's private names are overridden in `parse.feed.bounded`. A release that drops one would end the limits silently."""

from __future__ import annotations

import inspect
import re
import xml.sax
from importlib.metadata import version
from pathlib import Path

import pytest
from feedparser import api, mixin

from ingest.parse.feed import bounded, expat, independence

OVERRIDDEN = {
    "resolve_uri": ["self", "uri"],
    "_sync_author_detail": ["self", "key"],
    "_add_tag": ["self", "term", "scheme", "label"],
    "track_namespace": ["self", "prefix", "uri"],
    "unknown_starttag": ["self", "tag", "attrs"],
    "push_content": ["self", "tag", "attrs_d", "default_content_type", "expecting_text"],
}
NEW = {"__init__", "_based"}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_feedparser_has_each_overridden_method_with_the_same_arguments(name: str) -> None:
    for method in (getattr(mixin._FeedParserMixin, name), getattr(bounded._Bounds, name)):
        assert list(inspect.signature(method).parameters) == OVERRIDDEN[name]


def test_every_override_is_known_here() -> None:
    methods = {name for name, value in vars(bounded._Bounds).items() if inspect.isfunction(value)}
    assert methods == {*OVERRIDDEN, *NEW}


def test_feedparser_has_the_names_that_the_overrides_use() -> None:
    assert callable(mixin._FeedParserMixin._get_context)
    original = next(cls for cls in bounded._Strict.__mro__ if cls.__name__ == "StrictFeedParser")
    assert {"baseuri", "namespaces_in_use"} <= vars(original("", None, "utf-8")).keys()


def test_feedparser_takes_its_readers_from_the_names_that_are_replaced() -> None:
    assert (api.StrictFeedParser, api.LooseFeedParser) == (bounded._Strict, bounded._Loose)
    assert {"StrictFeedParser", "LooseFeedParser"} <= set(api.parse.__code__.co_names)
    strict = bounded._Strict.__mro__
    assert [cls.__name__ for cls in strict].index("StrictFeedParser") < len(strict) - 1
    assert any("startElementNS" in vars(cls) for cls in strict[1:])


def test_the_state_of_a_reader_has_the_parts_that_are_left_out() -> None:
    reader = bounded._Strict("", None, "utf-8")
    assert {"entries", "feeddata", "property_depth_map", "title_depth", "elementstack"} <= vars(reader).keys()
    assert {"lang", "baseuri", "namespacemap", "contentparams", "incontent", "depth"} <= vars(reader).keys()
    before = independence.state_of(reader)
    reader.lang = "ja"
    assert independence.state_of(reader) != before


def test_expat_gives_text_in_whole_pieces() -> None:
    reader = xml.sax.make_parser(api.PREFERRED_XML_PARSERS)
    assert isinstance(reader, expat._Parser)
    reader.reset()
    assert reader._parser.buffer_text


def test_the_pinned_release_is_the_installed_one() -> None:
    pyproject = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    pinned = re.search(r'"feedparser==([0-9.]+)"', pyproject)
    assert pinned
    assert pinned[1] == version("feedparser")
