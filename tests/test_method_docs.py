"""The generated tables: complete, and stale as soon as a card changes."""

import dataclasses

import pytest

from engine.errors import BadInput
from engine.method_docs import END, START, methods_page, methods_table, stale_files, write_files
from engine.methods import registry
from engine.methods.registry import cards, options


@pytest.fixture
def root(tmp_path):
    (tmp_path / "README.md").write_text(f"# Title\n\n{START}\nold\n{END}\n\nThe rest.\n")
    return tmp_path


def test_every_method_has_its_row_and_its_section():
    rows, page = methods_table(), methods_page()
    assert len(rows) == 2 + len(cards())
    for card, row in zip(cards(), rows[2:], strict=True):
        assert row.startswith(f"| `{card.name}` | {card.family} | {card.level} |")
        assert f"\n## {card.name}\n\n{card.about}\n" in page
        assert row in page


def test_every_row_has_as_many_cells_as_its_header():
    table = [line for line in methods_page().splitlines() if line.startswith("| ")]
    assert {line.count(" | ") for line in table} == {3, 5}


def test_every_option_is_described_with_what_it_allows():
    page = methods_page()
    for card in cards():
        section = page.split(f"\n## {card.name}\n")[1].split("\n## ")[0]
        for option in options(card.name):
            start = f"| `{option.name}` |"
            (row,) = [line for line in section.splitlines() if line.startswith(start)]
            assert option.help in row
            assert f"`{option.default}`" in row
            assert all(f"`{choice}`" in row for choice in option.choices)


def test_writing_fills_the_table_and_leaves_the_rest(root):
    assert stale_files(root) == [root / "docs" / "methods.md", root / "README.md"]
    assert write_files(root) == [root / "docs" / "methods.md", root / "README.md"]
    readme = (root / "README.md").read_text()
    assert readme.startswith(f"# Title\n\n{START}\n| method |")
    assert readme.endswith(f"{END}\n\nThe rest.\n")
    assert "old" not in readme.splitlines()
    assert stale_files(root) == write_files(root) == []


def test_a_changed_card_makes_both_files_stale(root, monkeypatch):
    write_files(root)
    card = dataclasses.replace(registry.card("bm25"), summary="something new")
    monkeypatch.setitem(registry._cards, "bm25", card)
    assert stale_files(root) == [root / "docs" / "methods.md", root / "README.md"]


def test_a_readme_without_its_markers_says_which(root):
    (root / "README.md").write_text("# Title\n")
    with pytest.raises(BadInput, match=r"README\.md must hold the lines"):
        stale_files(root)
