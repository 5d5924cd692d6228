"""Rewrites from a file: those that come with the samples, or any the analyst has."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path

from engine.corpus import Corpus, load_corpus
from engine.errors import BadInput
from engine.rewriting.replies import Checked, Status, check_reply
from engine.rewriting.rewrites import Rewrites
from engine.samples import Sample, SuggestedAttribute, samples
from engine.types import Attribute

LEAST_SHARE = 0.5
"""A shipped file counts as the corpus's own if it has at least this share of its texts."""


def shipped_rewrites(corpus: Corpus, attribute: Attribute) -> Rewrites | None:
    """The rewrites that come with a sample for these texts and this attribute, or None.

    Texts are matched by their words, not by ids or the corpus's name, so that a part of a sample,
    or a copy under another name, finds them.
    """
    best: Rewrites | None = None
    for sample, suggested in _with_rewrites():
        if not _is_about(attribute, suggested):
            continue
        file = _path(sample, suggested)
        by_text = _by_text(sample.name, file, file.stat().st_mtime_ns)
        checked = [_known(by_text.get(text)) for text in corpus.texts]
        found = Rewrites.of(f"{sample.name}/{suggested.column} (shipped)", corpus, checked)
        if found.n_written >= max(LEAST_SHARE * len(corpus), best.n_written + 1 if best else 1):
            best = found
    return best


def rewritten_attributes() -> list[tuple[str, str]]:
    """(sample, attribute) pairs that shipped rewrites are there for."""
    return [(sample.name, suggested.name) for sample, suggested in _with_rewrites()]


def none_shipped(corpus: Corpus, attribute: Attribute) -> BadInput:
    """The error that no shipped file has these texts for this attribute."""
    listed = "; ".join(f"{sample}: {name}" for sample, name in rewritten_attributes())
    return BadInput(
        f"No rewrites come with the product for {attribute.name!r} of the texts of "
        f"{corpus.name!r}. Shipped are {listed}. Ask for one of these, name a file of rewrites "
        "in the option file, or set source to local, anthropic or openai-compatible."
    )


def file_rewrites(corpus: Corpus, path: Path | str) -> Rewrites:
    """Rewrites from a JSON-lines file of {"id", "rewrite"}, matched by id, or {"text", "rewrite"}.

    Raises:
        BadInput: no such file, a line that can't be read, or no line for any text of the corpus.
    """
    place = Path(path).expanduser()
    checked = [each[-1] for each in file_variants(corpus, place)]
    return Rewrites.of(place.name, corpus, checked)


def file_variants(corpus: Corpus, path: Path | str) -> list[list[Checked]]:
    """All lines of such a file for each text of the corpus, in their order; one entry at least.

    Raises:
        BadInput: as `file_rewrites`.
    """
    place = Path(path).expanduser()
    by_id, by_text = _read(place)
    rows = zip(corpus.ids, corpus.texts, strict=True)
    found = [
        [check_reply(line, text=text) for line in by_text.get(text, by_id.get(identifier, []))]
        or [Checked("", Status.MISSING)]
        for identifier, text in rows
    ]
    if all(each[0].status is Status.MISSING for each in found):
        example = next(iter(by_id or by_text), "none")
        raise BadInput(
            f"{str(place)!r} has no rewrite of any text of {corpus.name!r}: its ids are other "
            f"ones, such as {example!r}. Give the ids or texts of the corpus."
        )
    return found


def _read(place: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The rewrites by id and by text; lines of the same id or text stay in their order."""
    try:
        lines = place.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The rewrites in {str(place)!r} can't be read: {error}.") from error
    by_id: dict[str, list[str]] = {}
    by_text: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            known, key, rewrite = _entry(line, f"Line {number} of {str(place)!r}")
            (by_id if known == "id" else by_text).setdefault(key, []).append(rewrite)
    return by_id, by_text


def _entry(line: str, where: str) -> tuple[str, str, str]:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"{where} is no JSON ({error}). {_WANTED}") from error
    known = next((k for k in ("text", "id") if isinstance(entry, dict) and k in entry), None)
    if known is None or not isinstance(entry.get("rewrite"), str):
        raise BadInput(f"{where} has no rewrite, or no id. {_WANTED}")
    return known, str(entry[known]), entry["rewrite"]


_WANTED = 'Each line must be like {"id": "t1", "rewrite": "…"}, or have "text" in place of "id".'


def _known(rewrite: str | None) -> Checked:
    if rewrite is None:
        return Checked("", Status.MISSING)
    return Checked(rewrite, Status.WRITTEN)


def _is_about(attribute: Attribute, suggested: SuggestedAttribute) -> bool:
    """The same name, or the column's; a definition of the analyst's own makes it another one."""
    name = attribute.name.casefold()
    named = name in (suggested.name.casefold(), suggested.column.casefold())
    own = attribute.definition.casefold()
    return named and own in ("", suggested.definition.casefold())


@cache
def _with_rewrites() -> tuple[tuple[Sample, SuggestedAttribute], ...]:
    pairs = ((sample, suggested) for sample in samples() for suggested in sample.attributes)
    return tuple(pair for pair in pairs if _path(*pair).is_file())


def _path(sample: Sample, suggested: SuggestedAttribute) -> Path:
    return sample.folder / "rewrites" / f"{suggested.column}.jsonl"


@lru_cache(maxsize=32)
def _by_text(sample_name: str, file: Path, changed: int) -> dict[str, str]:
    """The shipped rewrites by text, read anew when the file's time says that it changed."""
    del changed
    corpus = load_corpus(sample_name)
    by_id, _ = _read(file)
    rows = zip(corpus.ids, corpus.texts, strict=True)
    return {text: by_id[identifier][-1] for identifier, text in rows if identifier in by_id}
