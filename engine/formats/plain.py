"""Plain text, one text a line."""

from __future__ import annotations

from engine.formats.encoding import decoded
from engine.formats.records import TEXT
from engine.formats.source import Source
from engine.formats.table import Table, clean_text, counted, text_frame


def read_lines(source: Source) -> Table:
    """Read each line as a text, blank ones included; only its line end is taken off."""
    texts: list[str] = []
    n_left = n_with_nul = 0
    with decoded(source.stream) as (stream, notes):
        for line in stream:
            if len(texts) == source.limit:
                n_left += 1
                continue
            n_with_nul += "\0" in line
            texts.append(clean_text(line.removesuffix("\n")))
    nul = f"NUL characters were taken out of {counted(n_with_nul, 'line')}."
    every_note = (*notes, *([nul] if n_with_nul else ()), *source.left_out(n_left))
    return Table(text_frame({TEXT: texts}, range(1, len(texts) + 1)), every_note)
