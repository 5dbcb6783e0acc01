"""
Stories: which announcements are one, and why.

Identity (`dedupe`) says which entries are one headline; stories group headlines. Merging deletes nothing and splitting
takes a link away. docs/decisions/0004-stories.md has the rules and what was measured; `stories.toml` has the words.

    members     a headline as far as stories ask, joins, an operator's word
    documents   addresses compared               titles      titles compared
    evidence    what two headlines prove by themselves, at once
    likeness    what whole days show, once they are settled
    placing     pairs to stories                 shelf       all of it in memory
    primary     which headline is shown          related     other vendors' announcements of one thing
    words       joins in words
"""

from __future__ import annotations

from ingest.stories.documents import same_document
from ingest.stories.evidence import Key, keys, proofs, prove
from ingest.stories.likeness import liken, settled, touched_by, window_of
from ingest.stories.members import Decision, Evidence, Join, Member, Rule, Story
from ingest.stories.placing import Change, changes, concerned, founder, partition
from ingest.stories.primary import by_language, pins, primary
from ingest.stories.related import NEAR, partners, related, relations
from ingest.stories.rulebook import VERSION
from ingest.stories.shelf import Shelf
from ingest.stories.words import in_words

__all__ = [
    "NEAR",
    "VERSION",
    "Change",
    "Decision",
    "Evidence",
    "Join",
    "Key",
    "Member",
    "Rule",
    "Shelf",
    "Story",
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
