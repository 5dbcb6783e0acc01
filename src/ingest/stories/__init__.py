"""
Stories: all headlines of one announcement, with the reason for each join.

Identity (`dedupe`) decides the headline of an entry, and stories group headlines. Neither a merge nor a split deletes a
headline. docs/decisions/0004-stories.md has the rules and their measurements, `stories.toml` the words.

    members     headlines, joins and operators' decisions
    documents   addresses compared               titles      titles compared
    evidence    proofs from two headlines alone, at once
    likeness    similar titles over whole days, once settled
    placing     pairs to stories                 words       joins in words
    primary     the headline to show             related     other vendors' announcements of one thing
"""

from __future__ import annotations

from ingest.stories.documents import same_document
from ingest.stories.evidence import ProofKey, keys, proofs, prove
from ingest.stories.likeness import liken, settled, touched_by, window_of
from ingest.stories.members import Evidence, Join, Member, Rule, Story, StoryDecision
from ingest.stories.placing import Change, changes, concerned, founder, partition
from ingest.stories.primary import by_language, pins, primary
from ingest.stories.related import NEAR, partners, related, relations
from ingest.stories.rulebook import VERSION
from ingest.stories.words import in_words

__all__ = [
    "NEAR",
    "VERSION",
    "Change",
    "Evidence",
    "Join",
    "Member",
    "ProofKey",
    "Rule",
    "Story",
    "StoryDecision",
    "by_language",
    "changes",
    "concerned",
    "founder",
    "in_words",
    "keys",
    "liken",
    "partition",
    "partners",
    "pins",
    "primary",
    "proofs",
    "prove",
    "related",
    "relations",
    "same_document",
    "settled",
    "touched_by",
    "window_of",
]
