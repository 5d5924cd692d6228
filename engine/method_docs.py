"""The table of methods, written from their cards: docs/methods.md and the README's part."""

from __future__ import annotations

from pathlib import Path

from engine.errors import BadInput
from engine.methods.registry import Card, Option, cards, caution_of, create, options
from engine.models.catalogue import Kind, known_models
from engine.types import Level

START = "<!-- methods: written by `likewise methods --write-docs` -->"
END = "<!-- end of methods -->"


def methods_page() -> str:
    """docs/methods.md: the table, then each method with its options."""
    lines = [
        "# Methods",
        "",
        "Written by `likewise methods --write-docs` from the cards in `engine/methods/`.",
        "",
        *methods_table(),
        "",
        "A level says what a NEW attribute costs on N texts: "
        + "; ".join(f"{level.value} {level.cost}" for level in Level)
        + ".",
    ]
    for card in cards():
        lines += ["", *_section(card)]
    return "\n".join(lines) + "\n"


def methods_table() -> list[str]:
    """One Markdown row a method."""
    rows = [
        "| method | family | level | a new attribute reads again | tunable | what it is |",
        "|---|---|---|---|---|---|",
    ]
    for card in cards():
        tunable = "yes" if card.tunable else "no"
        rows.append(
            f"| `{card.name}` | {card.family} | {card.level} | {card.rereads} | {tunable} "
            f"| {card.summary} |"
        )
    return rows


def stale_files(root: Path) -> list[Path]:
    """Generated files under root that differ from what the cards say now."""
    wanted = _wanted(root)
    return [path for path, text in wanted.items() if _read(path) != text]


def write_files(root: Path) -> list[Path]:
    """Write what is stale; returns what was written."""
    stale = stale_files(root)
    wanted = _wanted(root)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    return stale


def _wanted(root: Path) -> dict[Path, str]:
    readme = root / "README.md"
    return {root / "docs" / "methods.md": methods_page(), readme: _with_table(_read(readme))}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _with_table(readme: str) -> str:
    if START not in readme or END not in readme:
        raise BadInput(
            f"README.md must hold the lines {START!r} and {END!r}; the table goes between."
        )
    before, rest = readme.split(START, 1)
    after = rest.split(END, 1)[1]
    return before + "\n".join([START, *methods_table(), END]) + after


def _section(card: Card) -> list[str]:
    lines = [f"## {card.name}", "", f"{card.about}"]
    if card.paper:
        lines += ["", f"Source: {card.paper}."]
    lines += _cautions(card.name)
    found = options(card.name)
    if found:
        lines += ["", "| option | default | allowed | what it does |", "|---|---|---|---|"]
        lines += [f"| `{o.name}` | `{o.default}` | {_allowed(o)} | {o.help} |" for o in found]
    return lines


def _cautions(name: str) -> list[str]:
    """Which of the models that are listed were not trained for what the method asks of them."""
    made = create(name)
    warned: dict[str, list[str]] = {}
    for option in options(name):
        for kind in option.model_kinds:
            for entry in known_models(Kind(kind)):
                caution = caution_of(made, {option.name: entry.name})
                warned.setdefault(caution, []).append(f"`{entry.name}`")
    warned.pop("", None)
    told = (
        f"To beware of, as {caution}: {', '.join(models)}." for caution, models in warned.items()
    )
    return [line for each in told for line in ("", each)]


def _allowed(option: Option) -> str:
    if option.choices:
        return ", ".join(f"`{choice}`" for choice in option.choices)
    if option.model_kinds:
        return f"a {' or '.join(option.model_kinds)}: packaged name, folder or hub id"
    if option.low is not None or option.high is not None:
        return f"{option.low} … {option.high}"
    return option.kind.__name__
