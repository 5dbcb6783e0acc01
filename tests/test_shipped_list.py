"""The real allow-list: it is whole, it admits what the vendors say, and nothing that others say on their hosts."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingest import allowlist, policy
from ingest.model import Allowlist, Document, Entry, Grant, Kind, Refusal, Source, Vendor
from ingest.normalise import normalise

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "sources.yaml"
SCHEMA = "docs/sources.schema.json"

WESTERN = {"openai", "google", "anthropic", "microsoft", "github", "aws", "nvidia", "meta", "huggingface", "apple"}
JAPANESE = {
    "sakana",
    "preferred-networks",
    "ntt",
    "kddi",
    "softbank",
    "ly",
    "panasonic",
    "cyberagent",
    "elyza",
    "llm-jp",
}


@cache
def shipped() -> Allowlist:
    return allowlist.load(SHIPPED)


@cache
def vendor(vendor_id: str) -> Vendor:
    return next(vendor for vendor in shipped().vendors if vendor.id == vendor_id)


@cache
def source(source_id: str) -> Source:
    return next(source for source in shipped().sources if source.id == source_id)


def written() -> list[tuple[str, dict[str, Any]]]:
    """The stanzas as they stand in the file, before defaults are filled in."""
    tree = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return [
        (f"{vendor_id}/{key}", stanza)
        for vendor_id, vendor in tree["vendors"].items()
        for key, stanza in vendor["sources"].items()
    ]


# ── the file ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_holds_a_hundred_feeds_and_most_of_them_of_the_vendors_that_matter() -> None:
    feeds = [source for source in shipped().sources if source.kind is Kind.FEED and source.enabled]
    assert len(feeds) >= 100
    assert {feed.vendor_id for feed in feeds} >= WESTERN | JAPANESE
    assert len([feed for feed in feeds if feed.vendor_id in WESTERN]) >= 40
    assert {"en", "ja"} <= {feed.lang for feed in feeds}


def test_it_holds_sources_of_every_kind_and_most_vendors_have_one_that_is_polled() -> None:
    on = [source for source in shipped().sources if source.enabled]
    assert {source.kind for source in on} == set(Kind)
    assert len([source for source in on if source.kind is not Kind.FEED]) >= 80
    silent = {one.id for one in shipped().vendors} - {source.vendor_id for source in on}
    listed_for_their_policy = {
        "elevenlabs",
        "runway",
        "black-forest-labs",
        "oracle",
        "servicenow",
        "baidu",
        "lg",
        "samsung",
    }
    assert silent == listed_for_their_policy | {"fujitsu", "hitachi", "aist", "jdla", "aisi-japan"}


@pytest.mark.parametrize(("source_id", "stanza"), written())
def test_each_source_says_what_it_is_and_in_which_language(source_id: str, stanza: dict[str, Any]) -> None:
    assert {"kind", "url", "role", "lang"} <= stanza.keys(), source_id


def test_each_source_that_is_switched_off_says_why() -> None:
    off = [source for source in shipped().sources if not source.enabled]
    assert off
    assert all(source.note.endswith(".") for source in off)


def test_each_carrier_is_the_vendors_own_and_says_why_in_a_sentence() -> None:
    for holder in shipped().vendors:
        for scope in holder.scopes:
            if scope.grant is Grant.CARRIER:
                assert re.fullmatch(r"(The|Google's|Microsoft's) .{20,}\.", scope.reason), scope


def test_the_first_line_points_editors_to_a_schema_that_is_up_to_date() -> None:
    first = SHIPPED.read_text(encoding="utf-8").partition("\n")[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA}"
    kept = (ROOT / SCHEMA).read_text(encoding="utf-8")
    assert json.loads(kept) == allowlist.json_schema(), f"run: ingest sources schema > {SCHEMA}"


# ── the policy in it ────────────────────────────────────────────────────────────────────────────────────────────

SEEDS = [
    ("anthropic", "https://www.anthropic.com/research/glasswing-initial-update"),
    ("google", "https://blog.google/innovation-and-ai/products/identifying-ai-generated-media-online/"),
    ("openai", "https://learn.chatgpt.com/docs/changelog#codex-2026-05-21"),
    ("anthropic", "https://red.anthropic.com/2026/cvd/"),
    ("google", "https://github.com/google-deepmind/science-skills"),
    ("google", "https://developers.googleblog.com/adk-kotlin-android-building-ai-agents/"),
    ("google", "https://blog.google/innovation-and-ai/models-and-research/gemini-models/gemini-3-5/"),
    ("openai", "https://openai.com/index/model-disproves-discrete-geometry-conjecture/"),
    ("google", "https://blog.google/innovation-and-ai/models-and-research/gemini-models/gemini-omni/"),
    ("google", "https://blog.google/innovation-and-ai/models-and-research/google-labs/flow-updates/"),
    ("openai", "https://openai.com/business/guaranteed-capacity/"),
    ("google", "https://blog.google/innovation-and-ai/technology/research/gemini-for-science-io-2026/"),
    ("openai", "https://openai.com/index/advancing-content-provenance/"),
    ("google", "https://blog.google/innovation-and-ai/technology/developers-tools/io-2026-save-the-date/"),
    ("anthropic", "https://www.anthropic.com/news/anthropic-kpmg"),
    ("google", "https://blog.google/innovation-and-ai/technology/developers-tools/managed-agents-gemini-api/"),
]
"""The pages behind the ticker of May 2026; 19 of its 20 lines have one, three pages have two lines each."""

OFFICIAL = [
    # further official copies of the same announcements, some in Japanese
    ("anthropic", "https://red.anthropic.com/2026/exploit-evals/"),
    ("anthropic", "https://www.anthropic.com/glasswing"),
    ("openai", "https://help.openai.com/en/articles/6825453-chatgpt-release-notes"),
    ("openai", "https://openai.com/ja-JP/index/advancing-content-provenance/"),
    ("openai", "https://openai.com/research/verify/"),
    ("openai", "https://learn.chatgpt.com/ja-JP/docs/whats-new"),
    ("openai", "https://github.com/openai/codex/releases/tag/rust-v0.133.0"),
    ("openai", "https://developers.openai.com/codex/changelog"),
    ("google", "https://deepmind.google/blog/gemini-3-5-frontier-intelligence-with-action/"),
    ("google", "https://deepmind.google/models/synthid/"),
    ("google", "https://blog.google/intl/ja-jp/company-news/technology/gemini-3-5/"),
    ("google", "https://ai.google.dev/gemini-api/docs/changelog"),
    ("google", "https://antigravity.google/use-cases/science"),
    ("google", "https://github.com/google/adk-kotlin/releases/tag/v0.1.0"),
    # one for each form of scope elsewhere
    ("google", "https://cloud.google.com/blog/ja/products/ai-machine-learning/some-post"),
    ("microsoft", "https://azure.microsoft.com/updates?id=500000"),
    ("aws", "https://aws.amazon.com/jp/about-aws/whats-new/2026/05/amazon-bedrock/"),
    ("aws", "https://huggingface.co/blog/amazon/strands-lerobot-streaming-data-loop"),
    ("nvidia", "https://github.com/nvidia/NeMo/releases/tag/v2.0.0"),
    ("apple", "https://www.apple.com/jp/newsroom/2026/06/some-news/"),
    ("huggingface", "https://huggingface.co/blog/state-of-open-models-summer-2026"),
    ("softbank", "https://note.com/sb_intuitions/n/n0123456789ab"),
    ("ntt", "https://group.ntt/jp/newsrelease/2026/05/19/260519a.html"),
    ("openai", "https://openai.github.io/openai-agents-python/release/#0220"),
    ("google", "https://adk.dev/release-notes/"),
    ("microsoft", "https://www.microsoft.com/en-us/microsoft-365/roadmap?id=500000"),
    ("stability", "https://stability.ai/news-updates/meet-stable-audio-3"),
    ("ibm", "https://newsroom.ibm.com/2026-05-06-some-release"),
    ("ibm", "https://huggingface.co/blog/ibm-granite/some-post"),
    ("salesforce", "https://www.salesforce.com/jp/news/press-releases/2026/05/19/some-release/"),
    ("digital-agency", "https://www.digital.go.jp/policies/genai"),
    ("meti", "https://www.meti.go.jp/press/2026/05/20260519001/20260519001.html"),
    ("google", "https://github.com/google-deepmind/some-repository"),
    ("google", "https://developer.android.com/ai/adk"),
    ("xai", "https://grok.com/release-notes/may-21-2026"),
    ("deepseek", "https://huggingface.co/deepseek-ai/Some-Model"),
    ("qwen", "https://qwen.ai/blog?id=some-post"),
    ("moonshot", "https://www.kimi.ai/blog/some-post"),
    ("bytedance-seed", "https://seed.bytedance.com/en/blog/some-post"),
    ("tencent", "https://www.tencent.com/en-us/articles/1.html"),
    ("ntt-data", "https://www.nttdata.com/jp/ja/news/release/2026/051900/"),
    ("fujitsu", "https://global.fujitsu/ja-jp/pr/news/2026/05/19-01"),
    ("nict", "https://www.nict.go.jp/press/2026/05/19-1.html"),
]

UNOFFICIAL = [
    ("openai", "https://community.openai.com/t/some-topic/1"),
    ("openai", "https://forum.openai.com/public/events/some-event"),
    ("openai", "https://chatgpt.com/share/0a1b"),
    ("openai", "https://chatgpt.com/g/g-abc"),
    ("openai", "https://chatgpt.com/s/t_abc"),
    ("openai", "https://openai.com/careers/researcher/"),
    ("openai", "https://openai.com/policies/usage-policies/"),
    ("openai", "https://openai.com/ja-JP/policies/usage-policies/"),
    ("openai", "https://github.com/openai/codex/issues/1"),
    ("openai", "https://github.com/openai/codex/discussions/1"),
    ("openai", "https://github.com/openai/codex/pull/1"),
    ("openai", "https://github.com/openai/codex/wiki"),
    ("openai", "https://github.com/openai-fork/codex/releases/tag/rust-v0.133.0"),
    ("openai", "https://huggingface.co/openai/gpt-oss-20b/discussions/1"),
    ("openai", "https://openai.com.news-desk.example/index/some-post/"),
    ("openai", "https://notopenai.com/index/some-post/"),
    ("openai", "https://help.openai.com.example/en/articles/1"),
    ("anthropic", "https://claude.ai/share/0a1b"),
    ("anthropic", "https://claude.ai/public/artifacts/0a1b"),
    ("anthropic", "https://www.anthropic.com/jobs"),
    ("anthropic", "https://www.anthropic.com/legal/consumer-terms"),
    ("anthropic", "https://github.com/anthropics/claude-code/issues/1"),
    ("google", "https://discuss.ai.google.dev/t/some-topic/1"),
    ("google", "https://support.google.com/gemini/thread/1"),
    ("google", "https://ai.google.dev/competition/projects/some-app"),
    ("google", "https://g.co/gemini/share/0a1b"),
    ("google", "https://aistudio.google.com/apps/some-app"),
    ("google", "https://somebody.blogspot.com/2026/05/gemini.html"),
    ("google", "https://zenn.dev/somebody/articles/0a1b"),
    ("google", "https://github.com/google-deepmind/science-skills/issues/1"),
    ("google", "https://cloudblog.withgoogle.com/products/ai-machine-learning/some-post/"),
    ("microsoft", "https://learn.microsoft.com/en-us/answers/questions/1"),
    ("microsoft", "https://techcommunity.microsoft.com/discussions/azure/some-topic/1"),
    ("microsoft", "https://www.microsoft.com/releasecommunications/api/v2/azure/rss"),
    ("github", "https://github.com/community/community/discussions/1"),
    ("aws", "https://repost.aws/questions/0a1b"),
    ("aws", "https://aws.amazon.com/marketplace/pp/0a1b"),
    ("nvidia", "https://forums.developer.nvidia.com/t/some-topic/1"),
    ("nvidia", "https://huggingface.co/blog/nvidia-fan/some-post"),
    ("apple", "https://developer.apple.com/forums/thread/1"),
    ("apple", "https://machinelearning.apple.com/work-with-us"),
    ("huggingface", "https://huggingface.co/blog/LiquidAI/lfm25-dspark"),
    ("huggingface", "https://huggingface.co/blog/community"),
    ("huggingface", "https://huggingface.co/spaces/somebody/some-app"),
    ("huggingface", "https://huggingface.co/papers/2605.20695"),
    ("huggingface", "https://huggingface.co/somebody/some-model"),
    ("perplexity", "https://www.perplexity.ai/page/some-page-0a1b"),
    ("cursor", "https://forum.cursor.com/t/some-topic/1"),
    ("softbank", "https://note.com/somebody/n/n0123456789ab"),
    ("elyza", "https://note.com/elyza_fan/n/n0123456789ab"),
    ("ai2", "https://huggingface.co/allenai/some-model/discussions/1"),
    ("ibm", "https://huggingface.co/blog/ibm-fan/some-post"),
    ("ibm", "https://community.ibm.com/community/user/blogs/somebody/some-post"),
    ("midjourney", "https://www.midjourney.com/jobs/0a1b"),
    ("databricks", "https://community.databricks.com/t5/some-board/some-topic/1"),
    ("salesforce", "https://trailhead.salesforce.com/trailblazer-community/feed"),
    ("sap", "https://community.sap.com/t5/some-board/some-topic/1"),
    ("meti", "https://www.meti.go.jp/ml_index_release_atom.xml"),
    ("google", "https://github.com/google-deepmind/some-repository/discussions/1"),
    ("google", "https://api.github.com/orgs/google-deepmind/repos"),
    ("google", "https://aistudio.google.com/prompts/0a1b"),
    ("xai", "https://grok.com/share/0a1b"),
    ("xai", "https://huggingface.co/spaces/xai-org/some-app"),
    ("deepseek", "https://chat.deepseek.com/share/0a1b"),
    ("deepseek", "https://huggingface.co/deepseek-ai/Some-Model/discussions/1"),
    ("deepseek", "https://huggingface.co/somebody/Some-Model-GGUF"),
    ("deepseek", "https://huggingface.co/api/models?author=deepseek-ai"),
    ("deepseek", "https://huggingface.co/api/models?author=somebody"),
    ("qwen", "https://qwen.ai/api/v2/article/retrieval"),
    ("elevenlabs", "https://elevenlabs.io/app/0a1b"),
    ("runway", "https://app.runwayml.com/video-tools/0a1b"),
    ("fujitsu", "https://prtimes.jp/main/html/rd/p/000000001.000093942.html"),
    ("meta", "https://huggingface.co/meta-llama/Some-Model/discussions/1"),
]
"""What section 8 of the vendor survey calls unofficial content on or beside official hosts."""

NOBODYS = [
    "https://www.businesswire.com/news/home/1/en/",
    "https://www.prnewswire.com/news-releases/some-release.html",
    "https://prtimes.jp/main/html/rd/p/000000001.000093942.html",
    "https://techcrunch.com/2026/05/19/openai/",
    "https://medium.com/@somebody/claude",
    "https://qiita.com/somebody/items/0a1b",
    "https://www.youtube.com/watch?v=0a1b",
    "https://x.com/OpenAI/status/1",
    "https://www.reddit.com/r/OpenAI/comments/1",
    "https://arxiv.org/abs/2605.20695",
    "https://github.com/somebody/claude-code/releases/tag/v1.0.0",
    "https://bit.ly/0a1b",
]


@pytest.mark.parametrize(("vendor_id", "url"), SEEDS + OFFICIAL)
def test_what_a_vendor_says_on_its_own_pages_is_admitted(vendor_id: str, url: str) -> None:
    assert isinstance(policy.admit(vendor(vendor_id), url), policy.Admitted)


@pytest.mark.parametrize(("vendor_id", "url"), UNOFFICIAL)
def test_what_others_say_on_or_beside_a_vendors_hosts_is_refused(vendor_id: str, url: str) -> None:
    assert isinstance(policy.admit(vendor(vendor_id), url), policy.Refused)


@pytest.mark.parametrize("url", NOBODYS)
def test_no_vendor_is_quoted_from_press_wires_social_networks_or_shared_hosts(url: str) -> None:
    assert not [holder.id for holder in shipped().vendors if isinstance(policy.admit(holder, url), policy.Admitted)]


def test_no_announcement_of_the_ticker_belongs_to_two_vendors() -> None:
    for vendor_id, url in SEEDS:
        admitting = [one.id for one in shipped().vendors if isinstance(policy.admit(one, url), policy.Admitted)]
        assert admitting == [vendor_id]


# ── the filters in it ───────────────────────────────────────────────────────────────────────────────────────────


def filtered_by(source_id: str, title: str, link: str) -> str | None:
    """The rule by which an entry would be left out, None when it is kept."""
    entry = Entry(position=0, entry_id=None, link=link, title=title)
    document = Document(dialect="atom10", title="", link=None, lang=None, entries=(entry,))
    holder = source(source_id)
    (outcome,) = normalise(document, holder, vendor(holder.vendor_id))
    return outcome.rule if isinstance(outcome, Refusal) else None


@pytest.mark.parametrize(
    ("source_id", "tag", "title", "kept"),
    [
        ("openai/codex-releases", "rust-v0.133.0", "0.133.0", True),
        ("openai/codex-releases", "rust-v0.134.0-alpha.2", "0.134.0-alpha.2", False),
        ("openai/codex-releases", "rust-v0.134.0-alpha.2", "Codex 0.134.0", False),
        ("openai/agents-python-releases", "v0.3.0rc1", "v0.3.0rc1", False),
        ("anthropic/claude-code-releases", "v2.1.238", "v2.1.238", True),
        ("anthropic/sdk-python-releases", "v1.0.0b2", "v1.0.0b2", False),
        ("google/gemini-cli-releases", "v0.40.0", "Release v0.40.0", True),
        ("google/gemini-cli-releases", "v0.41.0-nightly.20260519", "Release v0.41.0-nightly.20260519", False),
        ("google/gemini-cli-releases", "v0.41.0-preview.0", "Release v0.41.0-preview.0", False),
        ("google/adk-python-releases", "v1.9.0", "Developer tools and architecture", True),
        ("microsoft/agent-framework-releases", "python-1.0.0b260519", "python-1.0.0b260519", False),
        ("microsoft/agent-framework-releases", "dotnet-1.2.0", "dotnet-1.2.0", True),
        ("openai/agents-js-releases", "@openai/agents@0.3.0-beta.1", "@openai/agents@0.3.0-beta.1", False),
    ],
)
def test_of_releases_only_the_finished_ones_are_kept(source_id: str, tag: str, title: str, *, kept: bool) -> None:
    repository = source(source_id).url.removesuffix(".atom")
    assert (filtered_by(source_id, title, f"{repository}/tag/{tag}") is None) is kept


@pytest.mark.parametrize(
    ("source_id", "title", "link", "kept"),
    [
        (
            "google/keyword",
            "New ways to see how content was made",
            "https://blog.google/innovation-and-ai/products/x/",
            True,
        ),
        ("google/keyword", "Ask Gemini about your photos", "https://blog.google/products/photos/x/", True),
        ("google/keyword", "Maintaining trails in our parks", "https://blog.google/outreach/x/", False),
        ("google/keyword-ja", "生成AIを学校で", "https://blog.google/intl/ja-jp/x/", True),
        ("google/keyword-ja", "東京の新しいオフィス", "https://blog.google/intl/ja-jp/y/", False),
        ("aws/whats-new", "Amazon Bedrock adds a model", "https://aws.amazon.com/about-aws/whats-new/2026/05/x/", True),
        (
            "aws/whats-new",
            "Amazon RDS in one more region",
            "https://aws.amazon.com/about-aws/whats-new/2026/05/y/",
            False,
        ),
        ("nvidia/newsroom", "NVIDIA Announces Financial Results", "https://nvidianews.nvidia.com/news/x", False),
        ("nvidia/newsroom", "NVIDIA Unveils a Platform", "https://nvidianews.nvidia.com/news/y", True),
        ("kddi/newsrelease", "大規模言語モデルの提供開始", "https://newsroom.kddi.com/news/x.html", True),
        ("kddi/newsrelease", "AI事業の役員人事異動について", "https://newsroom.kddi.com/news/y.html", False),
        ("microsoft/vscode", "Visual Studio Code 1.120", "https://code.visualstudio.com/updates/v1_120", True),
        ("microsoft/vscode", "A tour of our fonts", "https://code.visualstudio.com/blogs/2026/x", False),
        ("deepseek/models", "deepseek-ai/Model-V5 is published", "https://huggingface.co/deepseek-ai/Model-V5", True),
        ("qwen/models", "Qwen/Model-8B-GGUF is published", "https://huggingface.co/Qwen/Model-8B-GGUF", False),
        ("qwen/models", "Qwen/Model-8B-FP8 is published", "https://huggingface.co/Qwen/Model-8B-FP8", False),
        ("llm-jp/models", "llm-jp/test-model is published", "https://huggingface.co/llm-jp/test-model", False),
        ("zai/models", "zai-org/Latest-9B is published", "https://huggingface.co/zai-org/Latest-9B", True),
        ("anthropic/news", "A launch", "https://www.anthropic.com/claude-sonnet-9", True),
        ("anthropic/news", "All news", "https://www.anthropic.com/news", False),
        ("anthropic/news", "Company", "https://www.anthropic.com/company", False),
        ("anthropic/research", "Safeguards", "https://www.anthropic.com/research/team/safeguards", False),
        ("anthropic/claude-blog", "All about agents", "https://claude.com/blog/category/agents", False),
        ("google/developers-blog", "Agents on phones", "https://developers.googleblog.com/agents-on-phones/", True),
        ("google/developers-blog", "More", "https://developers.googleblog.com/search/?page=2", False),
        ("softbank/press", "生成AIの新会社", "https://www.softbank.jp/corp/news/press/sbkk/2026/20260519_01/", True),
        ("softbank/press", "新しい料金プラン", "https://www.softbank.jp/corp/news/press/sbkk/2026/20260519_02/", False),
        (
            "rakuten/press-en",
            "New Language Model",
            "https://global.rakuten.com/corp/news/press/2026/0519_01.html",
            True,
        ),
        ("adobe/blog", "Firefly learns to draw", "https://blog.adobe.com/en/publish/2026/05/19/x", True),
        ("adobe/blog", "Fonts of the month", "https://blog.adobe.com/en/publish/2026/05/19/y", False),
    ],
)
def test_of_mixed_sources_what_speaks_of_ai_is_kept(source_id: str, title: str, link: str, *, kept: bool) -> None:
    assert (filtered_by(source_id, title, link) is None) is kept
