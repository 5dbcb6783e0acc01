from __future__ import annotations

import pytest

import prose

MODULE = '''"""What is told, which is none; a guest."""
LIMIT = 3
"""A plain sentence about `that; which`."""


def one(this):
    """Return one."""
    found = [value for value in this]
    raise ParseError(f"It is none: {found}.", rule="no-feed")
'''


def test_docstrings_of_modules_functions_and_constants_are_read_and_so_are_messages() -> None:
    passages = list(prose.of_python(MODULE, "one.py"))
    assert [(passage.kind, passage.place) for passage in passages] == [
        ("docstring", "one.py:1"),
        ("docstring", "one.py:3"),
        ("docstring", "one.py:7"),
        ("message", "one.py:9"),
    ]
    assert passages[0].private == ["told", "is none", "guest"]
    assert passages[3].private == ["is none"]


def test_bare_names_are_those_of_variables_and_arguments() -> None:
    assert prose.bare_names(MODULE) == [(6, "this"), (8, "found")]


def test_code_counts_in_no_figure() -> None:
    constant = list(prose.of_python(MODULE, "one.py"))[1]
    assert (constant.pronouns, constant.cost) == (0, 0)


def test_a_document_is_read_by_paragraph_item_and_row_without_its_code() -> None:
    text = "# Title that\n\nA text\nthat goes on.\n\n* an item\n  that goes on\n* another\n\n| a | b |\n| c | d |\n\n```\nwhich\n```\n"
    passages = list(prose.of_document(text, "a.md"))
    assert [(passage.place, passage.pronouns) for passage in passages] == [
        ("a.md:3", 1),
        ("a.md:6", 1),
        ("a.md:8", 0),
        ("a.md:10", 0),
        ("a.md:11", 0),
    ]


def test_figures_are_shares_of_what_was_read() -> None:
    measured = prose.figures(list(prose.of_python(MODULE, "one.py")), names=2)
    assert measured["pronouns per 100 words, docstrings"] == pytest.approx(100 * 2 / 14)
    assert measured["docstrings with a semicolon, %"] == pytest.approx(100 / 3)
    assert measured["private words, docstrings"] == 3
    assert measured["bare names"] == 2


def test_a_figure_above_its_ceiling_is_named_and_one_at_it_is_not() -> None:
    assert prose.worse({"bare names": 3, "pages": 2}, {"bare names": 3, "pages": 1}) == [
        "pages: 2.00 is above the ceiling 1; `--worst 20` shows where to begin."
    ]


def test_every_figure_has_a_ceiling() -> None:
    assert set(prose.figures([], 0)) == set(prose.CEILINGS)
