from __future__ import annotations

import pytest

from dedupe.build import member
from ingest.stories import Member, in_words, keys, prove
from ingest.stories.differences import differences
from ingest.stories.titles import title

LONG = "Beyond permission prompts: making Acme Code more secure"


def rule(one: Member, other: Member) -> str | None:
    """The rule by which two are one announcement; it must not matter which is asked first."""
    result, back = prove(one, other), prove(other, one)
    assert result == back
    if result is not None:
        assert {(k.vendor, k.kind, k.value) for k in keys(one)} & {(k.vendor, k.kind, k.value) for k in keys(other)}
    return result.rule if result else None


def test_a_page_that_names_the_other_as_its_translation_proves_it() -> None:
    english = member("Opening", "https://acme.com/news/opening-day", alternates=("https://acme.jp/topics/0519",))
    japanese = member("開業", "https://acme.jp/topics/0519/", source="acme/ja", lang="ja", published=None)
    assert rule(english, japanese) == "hreflang"


def test_one_page_under_two_spellings_is_one_whatever_its_title_became() -> None:
    first = member("Acme Skills", "https://acme.com/news/skills")
    assert rule(first, member("Introducing Agent Skills", "https://www.acme.com/news/skills/")) == "page"
    assert rule(first, member("Make it yours", "https://acme.com/news/skills/", published=None)) == "page"
    assert rule(first, member("Acme Skills", "https://acme.com/news/skills/", day="2026-07-30")) == "page"


def test_one_address_that_holds_many_announcements_joins_none_of_them() -> None:
    log = "https://acme.com/docs/release-notes/models"
    assert rule(member("Music-2.0", log), member("Speech-2.6", log)) is None
    weekly = member("Assorted bug fixes", log)
    assert rule(weekly, member("Assorted bug fixes", log, day="2026-05-26")) is None
    assert rule(weekly, member("Assorted bug fixes", log, day="2026-05-20")) == "page"


def test_entries_under_one_dated_anchor_are_distinguished() -> None:
    anchor = "https://acme.com/docs/log#codex-2026-05-19"
    assert rule(member("Goal mode for Codex", anchor), member("Codex drives your Mac", anchor)) is None


def test_a_page_that_counts_announces_each_count() -> None:
    page = "https://acme.com/ledger-of-bugs"
    assert rule(member("Ledger: 1,596 disclosed", page), member("Ledger: 6,157 disclosed", page)) is None


def test_another_text_on_the_page_after_weeks_is_another_announcement() -> None:
    page = "https://acme.com/research-program"
    assert rule(member("Apply for the program", page), member("Program winners", page, day="2026-08-01")) is None


def test_the_same_address_but_for_its_language_is_one_story() -> None:
    english = member("Introducing it", "https://acme.com/index/introducing-it/")
    japanese = member(
        "登場", "https://acme.com/ja-JP/index/introducing-it/", source="acme/ja", lang="ja", published=None
    )
    assert rule(english, japanese) == "address"


def test_a_source_that_lists_an_entry_again_the_next_day_says_it_once() -> None:
    title_ = "Acme Copilot for Jira is now generally available"
    first = member(title_, "https://acme.com/log/2026-05-19-acme-copilot-for-jira-is-here")
    again = member(title_, "https://acme.com/log/2026-05-20-acme-copilot-for-jira-is-here", day="2026-05-20")
    later = member(title_, "https://acme.com/log/2026-06-20-acme-copilot-for-jira-is-here", day="2026-06-20")
    assert rule(first, again) == "repost"
    assert rule(first, later) is None


def test_the_same_title_in_another_source_joins_for_longer_the_longer_it_is() -> None:
    long = member(LONG)
    assert rule(long, member(LONG, source="acme/engineering", day="2026-06-01")) == "title"
    assert rule(long, member(LONG, source="acme/engineering", day="2026-12-01")) is None
    assert rule(long, member(LONG, day="2026-05-20")) is None, "one source does not repeat itself"
    short = member("Acme and Slack")
    assert rule(short, member("Acme and Slack", source="acme/blog")) == "title"
    assert rule(short, member("Acme and Slack", source="acme/blog", day="2026-06-01")) is None


@pytest.mark.parametrize(
    "bare", ["v1.2.0", "Release 1.2.0", "Release notes", "Weekly update", "Bug fixes", "新機能", "バグの修正と改善"]
)
def test_a_title_that_says_nothing_joins_nothing(bare: str) -> None:
    assert rule(member(bare), member(bare, source="acme/other")) is None


def test_a_list_and_the_page_its_entry_is_about_are_one_even_in_one_source() -> None:
    entry = member("Music-1.5 (Beta)", "https://acme.com/docs/release-notes/models")
    assert rule(entry, member("Music-1.5 (Beta)", "https://acme.com/docs/guides/music-generation")) == "title"


def test_a_long_slug_joins_across_languages_and_weeks_and_without_a_day() -> None:
    english = member("5 reasons", "https://acme.com/products/tensor-g5-in-every-pixel-phone/")
    for fields in ({"day": "2026-06-20"}, {"published": None}):
        address = "https://acme.com/jp/devices/tensor-g5-in-every-pixel-phone-2/"
        japanese = member("5 つの理由", address, source="acme/ja", lang="ja", **fields)
        assert rule(english, japanese) == "slug"
    assert rule(english, member("Other", address, source="acme/blog")) is None, "-2 is another page of one language"
    short = member("5 reasons", "https://acme.com/x/tensor-wins-over-pixel")
    undated = member("理由", "https://acme.com/y/tensor-wins-over-pixel", source="acme/ja", lang="ja", published=None)
    assert rule(short, undated) is None, "four words need a day"


def test_a_short_slug_needs_the_days_and_the_titles_to_agree() -> None:
    one = member("Gemini 3.5: frontier", "https://acme.com/models/gemini-3-5/")

    def other(title_: str, day: str = "2026-05-20") -> Member:
        return member(title_, "https://acme.com/news/gemini-3-5", source="acme/ja", lang="ja", day=day)

    assert rule(one, other("Gemini 3.5：最先端")) == "slug"
    assert rule(one, other("最先端の知能")) is None
    assert rule(one, other("Gemini 3.5：最先端", day="2026-06-20")) == "slug", "a regional site translates weeks later"
    assert rule(one, other("Gemini 3.5：最先端", day="2026-07-20")) is None
    assert rule(one, other("Gemini 3.5 を Acme Drive で", day="2026-06-20")) is None, "no translation"
    assert rule(one, other("Gemini 3.6：最先端")) is None
    launch = member("Acme AgentCore in preview", "https://acme.com/new/acme-agentcore")
    for title_ in ("Acme AgentCore is generally available", "Acme AgentCore retired", "Acme AgentCore Mini in preview"):
        assert rule(launch, member(title_, "https://acme.com/blog/acme-agentcore", source="acme/blog")) is None


def test_a_short_slug_without_a_day_needs_a_translation() -> None:
    one = member("Introducing Acme CLI: your open-source agent", "https://acme.com/blog/introducing-acme-cli")
    address = "https://acme.com/jp/news/acme-cli-jp"

    def undated(title_: str, url: str = address) -> Member:
        return member(title_, url, source="acme/ja", lang="ja", published=None)

    assert rule(one, undated("Acme CLI：オープンソース エージェントのご紹介")) == "slug"
    assert rule(one, undated("Acme CLI の料金")) is None
    assert rule(one, undated("無料で使うために")) is None
    longer = member(one.title, "https://acme.com/blog/introducing-acme-cli-open-source-agent")
    assert rule(longer, undated("Acme CLI：オープンソース")) == "subject"
    assert rule(longer, undated("Acme CLI 拡張機能：オープンソース")) is None
    assert rule(longer, undated("Acme CLI：オープンソース", "https://acme.com/jp/news/agents")) is None


def test_two_that_announce_one_name_on_one_day_need_no_bare_title() -> None:
    one = member("Introducing Acme Tables: storage for analysts", source="acme/blog")
    assert rule(one, member("Acme Announces Acme Tables, fully managed Iceberg at scale")) == "subject"
    assert rule(one, member("Acme Tables: storage for Iceberg")) is None, "it does not announce"
    assert rule(one, member("Introducing Acme Tables: the developer guide")) is None
    assert rule(one, member("Introducing Acme Tables: fully managed Iceberg", day="2026-05-20")) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("May 19, 2026: Acme Intelligence (General availability)", "Acme Intelligence is here: your own agent"),
        ("Acme Agents GA", "Acme Agents are generally available"),
        ("Acme Launches Voice Agents (GA)", "Introducing Acme Voice Agents, now generally available"),
        ("Acme v1.16.0 - Tiered tenancy", "Acme 1.16 - Tiered tenancy"),
        ("Acme ReaderOne を公開", "図表を読み解く VLM「Acme ReaderOne」の公開"),
        ("Acme、Acme ReaderOne を発表", "Acme ReaderOne is here"),
        ("Acme Launches Token Factory to Deliver Inference at Scale", "Introducing Acme Token Factory"),
        ("Token Tasks now in open beta", "Introducing Token Tasks: answers from start to finish"),
        ("Acme to Acquire Pangea to Secure Every Layer", "Acme Acquires Pangea: safer use of agents"),
        ("Acme raises $40 million to help enterprises", "We raised $40M"),
        ("step3", "Step3: Cost-Effective Answers"),
        ("Acme Launches AI HQ to Put Agents in Your Hands", "Introducing AI HQ: supervise agents"),
    ],
)
def test_one_subject_is_found_behind_a_day_a_stage_a_vendor_or_in_quotation_marks(one: str, other: str) -> None:
    assert rule(member(one), member(other, source="acme/log")) in {"subject", "title"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme introduces Agent Mode to VS Code", "Introducing Agent Mode: a developer guide"),
        ("Acme Launches Token Factory Lite to Deliver Inference", "Introducing Acme Token Factory Pro"),
        ("Acme raises $40 million", "Acme raises $50 million"),
        ("Acme raises $40M Series C to scale", "Acme raises $40M Series D"),
        ("v1.2.0-beta3", "Acme v1.2.0-beta3: answers"),
    ],
)
def test_two_subjects_behind_an_announcement_stay_apart(one: str, other: str) -> None:
    assert rule(member(one), member(other, source="acme/log")) is None


def test_one_of_two_addresses_that_begin_alike_may_only_name_the_thing() -> None:
    one = member(
        "Acme Introduces Agent Factory to Build Agents", "https://acme.com/blog/agent-factory", source="acme/blog"
    )
    address = "https://acme.com/news/agent-factory-build-agents"
    assert rule(one, member("Agent Factory: agents of your own", address)) == "subject"
    assert rule(one, member("Agent Factory: agents of your own", address, day="2026-05-20")) is None
    assert rule(one, member("Agent Factory: the developer guide", address)) is None
    assert rule(one, member("Agent Factory Lite: agents of your own", address)) is None


def test_a_title_that_comes_every_month_is_the_same_for_days_only() -> None:
    monthly = "What's new in the Acme app for people at work"
    one = member(monthly)
    assert rule(one, member(monthly, source="acme/blog", day="2026-05-20")) == "title"
    assert rule(one, member(monthly, source="acme/blog", day="2026-06-12")) is None


def test_a_title_that_is_only_the_subject_of_the_other_joins_on_the_day() -> None:
    bare = member("Project Vend", source="acme/red")
    assert rule(bare, member("Project Vend: Can Acme run a small shop?")) == "subject"
    assert rule(bare, member("Project Vend: Phase two")) is None
    assert rule(bare, member("Project Vend: The developer guide")) is None
    assert rule(bare, member("Project Vend: Can it run?", day="2026-05-21")) is None
    assert rule(member("Agents: one"), member("Agents: two", source="acme/red")) is None


def test_two_vendors_never_share_a_story() -> None:
    assert rule(member(LONG), member(LONG, source="other/news")) is None


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        ("Claude Opus 4.6 is here", "Claude Opus 4.7 is here", "numbers"),
        ("Claude Opus is here", "Claude Opus 4.7 is here", "numbers"),
        ("Gemini 3 Flash", "Gemini 3", "tier"),
        ("Responsible AI, part 1", "Responsible AI, part 2", "part"),
        ("News of May", "News of June", "month"),
        ("Gemma 4 12B", "Gemma 4 12B: The developer guide", "kind"),
        ("Acme for Redshift in preview", "Acme for Redshift is generally available", "stage"),
        ("Zero-ETL of Amazon DynamoDB with Redshift", "Zero-ETL of Amazon DynamoDB with OpenSearch", "name"),
        ("Devstral is now available", "Devstral Medium", "name"),
        ("Command A", "Command A Vision: sees what it is told of", "name"),
        ("Grok 4", "Grok 4 Heavy", "tier"),
        ("Guardrails Now Reach Users in Europe (Frankfurt)", "Guardrails Now Reach Users in Asia (Tokyo)", "place"),
        ("GPT-4.1 is now available", "GPT-4.1 fine-tuning is now available", "kind"),
        ("Introducing GPT-5", "Introducing GPT-5 for developers", "kind"),
        ("Claude Code on the web", "Claude Code on desktop", "slot"),
        ("Acme HyperPod now supports P6 instances", "Acme HyperPod now supports aware scheduling", "slot"),
        ("GTC keynote: watch live", "GTC keynote: everything announced", "kind"),
        ("Introducing Claude Opus", "Advancing finance with Claude Opus", "angle"),
        ("Mountpoint now supports S3 Express", "Announcing the new S3 Express class", "angle"),
        ("Acme Code on the web", "Acme Code on desktop", "slot"),
        ("Monitor agents with Acme Bedrock", "Deploy agents with Acme Bedrock", "slot"),
        ("議事録を Acme で自動化する", "ログ分析を Acme で自動化する", "slot"),
        ("Gemini 2.5 Flash", "Introducing Gemini 2.5 Flash Image", "name"),
        ("gpt-oss", "Introducing gpt-oss-safeguard", "name"),
        ("Results of the first quarter", "Results of the second quarter", "part"),
        ("Acme-Fin-70B", "Acme launches Acme-Med and Acme-Fin", "name"),
    ],
)
def test_differences_that_keep_two_apart(one: str, other: str, result: str) -> None:
    assert result in differences(title(one), title(other))
    assert differences(title(one), title(other)) == differences(title(other), title(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Store 4 opens", "Acme opens Store 4"),
        ("Acme Store", "Acme Store: Redis for everybody"),
        ("Introducing Acme Store", "We've launched Acme Store, our largest yet"),
        ("Acme Store 4 keeps queries", "Acme Store 4 remembers what queries ask"),
        ("Acme Store Prism を発表", "Acme Store Prism が登場"),
        ("Acme reaches users in the Tokyo region", "Acme reaches users in Asia Pacific (Tokyo)"),
        ("Lambda scales 12 times faster", "Lambda now scales faster"),
        ("AWS announces Amazon ElastiCache Serverless", "Amazon ElastiCache Serverless for Redis is now available"),
        ("Acme Aurora Limitless scales without limits", "Announcing Acme Aurora Limitless"),
        ("Acme Q in QuickSight uses generative help for data", "Acme Q in QuickSight explores data generatively"),
        ("AI Agents Find Smart Contract Exploits", "AI agents find $4.6M in smart contract exploits"),
    ],
)
def test_differences_of_wording_only_keep_nobody_apart(one: str, other: str) -> None:
    assert not differences(title(one), title(other))


def test_a_round_of_funding_may_be_left_out() -> None:
    plain, named, next_ = (title(f"Acme raises $480M {text}", "acme") for text in ("to grow", "Series D", "Series E"))
    assert "part" not in differences(plain, named)
    assert "part" in differences(named, next_)


def test_a_join_says_in_words_what_was_matched() -> None:
    result = prove(member(LONG), member(LONG, source="acme/engineering", day="2026-06-01"))
    assert result is not None
    message = in_words(result)
    assert "same title" in message
    assert LONG in message
    assert "acme/engineering" in message
    assert "days apart: 13" in message


def test_a_section_in_front_of_a_number_is_no_slug() -> None:
    english = member("Acme and Bolt build a platform", "https://acme.com/en/newsroom/corporate/42820001.html")
    japanese = member(
        "ロボット向けモデルを公開", "https://acme.com/jp/newsroom/corporate/42810000.html", source="acme/ja", lang="ja"
    )
    assert rule(english, japanese) is None


def test_addresses_of_one_day_agree_without_the_words_around_the_name() -> None:
    post = member("Ship software quickly with our IDP, now GA", "https://acme.com/blog/internal-developer-portal/")
    url = "https://acme.com/whats-new/2026/05/internal-developer-portal-now-available/"
    note = member("Internal Developer Portal is now generally available", url, source="acme/whats-new")
    later = member(
        "Internal Developer Portal is now generally available", url, source="acme/whats-new", day="2026-05-21"
    )
    guide = member("A guide to the Internal Developer Portal", url, source="acme/whats-new")
    assert rule(post, note) == "slug"
    assert rule(post, later) is None
    assert rule(post, guide) is None


def test_a_translation_has_the_long_beginning_of_an_address() -> None:
    english = member(
        "Acme Launches the fog-d Community, Powering Distributed Inference at Scale",
        "https://acme.com/en/press/acme-launches-fog-d-community-powering-distributed-inference-scale",
    )
    url = "https://acme.com/ja/press/acme-launches-fog-d-community"
    japanese = member("Acme、分散型推論の fog-d コミュニティを発足", url, source="acme/ja", lang="ja", day="2026-05-28")
    another = member("Acme、Mist コミュニティを発足", url, source="acme/ja", lang="ja", day="2026-05-28")
    assert rule(english, japanese) == "slug"
    assert rule(english, another) is None


def test_a_whole_translation_is_found_weeks_later_and_a_name_alone_is_not() -> None:
    english = member("Introducing Reader Studio: an agent framework for robots", "https://acme.com/blog/reader")
    fields = {"source": "acme/ja", "lang": "ja", "day": "2026-06-02"}
    whole = member("Reader Studio のご紹介: ロボット向けエージェントフレームワーク", "https://acme.com/ja/rs", **fields)
    name = member("Reader Studio の新機能", "https://acme.com/ja/rs-2", **fields)
    assert rule(english, whole) == "title"
    assert set(keys(english)) & set(keys(whole))
    assert rule(english, name) is None


def test_a_number_that_two_languages_count_by_themselves_joins_nothing() -> None:
    english = member("Acme AiNote adds speaker separation", "https://acme.com/en/pr/20250618/")
    fields = {"source": "acme/ja", "lang": "ja"}
    assert rule(english, member("Acme AiCall の価格を改定", "https://acme.com/pr/20250618/", **fields)) is None
    assert rule(english, member("AiNote に話者分離を追加", "https://acme.com/pr/20250618/", **fields)) == "address"
