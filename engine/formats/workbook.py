"""Excel workbooks (.xlsx) → a table: the first sheet that holds anything."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from engine.formats.records import RecordCollector
from engine.formats.source import Source
from engine.formats.table import Table, cell_text, counted, listed_rows, unique_names

Cells = tuple[Any, ...]
BLOCK = 1 << 20


def read_workbook(source: Source) -> Table:
    """Read the first sheet that isn't empty; formulas count as their last calculated values.

    Blank rows are no rows; the others are numbered from the header, blank ones included.

    Raises:
        BadCorpus: the file is damaged, or every sheet is empty.
    """
    try:
        return _read(source)
    except (zipfile.BadZipFile, KeyError, ValueError, ParseError) as error:
        raise source.refuse(f"is damaged, or no Excel workbook: {error}") from error


def _read(source: Source) -> Table:
    sheets = _sheets(source.stream, calculated=True)
    sheet = next((each for each in sheets if next(_filled(each), None) is not None), None)
    if sheet is None:
        raise source.refuse("has no cells in any of its sheets.")
    filled = _filled(sheet)
    first, header = next(filled)
    names = [cell_text(cell) for cell in header]
    collector = RecordCollector()
    n_read = n_left = 0
    for row, cells in filled:
        if n_read == source.limit:
            n_left += 1
            continue
        n_read += 1
        collector.add(row - first, _record(names, cells))
    titles = [str(each.title) for each in sheets]
    notes = [*_sheet_notes(titles, sheet.title), *_formula_notes(source, sheet.title, first)]
    return collector.table((*notes, *source.left_out(n_left)))


def _sheets(stream: BinaryIO, *, calculated: bool) -> list[Any]:
    import openpyxl

    stream.seek(0)
    book = openpyxl.load_workbook(stream, read_only=True, data_only=calculated)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some programs write wrong ones
    return list(book.worksheets)


def _filled(sheet: Any) -> Iterator[tuple[int, Cells]]:  # noqa: ANN401 — openpyxl is untyped
    """(row in the sheet, cells) of every row that isn't blank."""
    for row, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if any(cell not in (None, "") for cell in cells):
            yield row, cells


def _record(header: list[str], cells: Cells) -> dict[str, object]:
    """Cells by column; a row wider than the header gets columns of its own."""
    width = max(len(header), len(cells))
    names = unique_names(header + [""] * (width - len(header)))
    return dict(zip(names, cells + (None,) * (width - len(cells)), strict=True))


def _sheet_notes(titles: list[str], read: str) -> Iterator[str]:
    others = [title for title in titles if title != read]
    if others:
        yield f"Only sheet {read!r} was read; the others: {', '.join(map(repr, others[:10]))}."


def _formula_notes(source: Source, title: str, first: int) -> Iterator[str]:
    """Where formulas have no calculated value: programs other than Excel often store none."""
    if not _has_formulas(source.stream):
        return
    values, formulas = (
        next(each for each in _sheets(source.stream, calculated=calculated) if each.title == title)
        for calculated in (True, False)
    )
    pairs = zip(
        values.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True
    )
    rows = [row - first for row, (got, said) in enumerate(pairs, start=1) if _unknown(got, said)]
    if rows:
        yield (
            f"{counted(len(rows), 'row')} with formulas that were never calculated, read as "
            f"missing: {listed_rows(rows)}. Open the file in a spreadsheet and save it again."
        )


def _unknown(values: Cells, formulas: Cells) -> bool:
    return any(
        value is None and isinstance(formula, str) and formula.startswith("=")
        for value, formula in zip(values, formulas, strict=False)
    )


def _has_formulas(stream: BinaryIO) -> bool:
    stream.seek(0)
    with zipfile.ZipFile(stream) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return any(_mentions_formula(archive, name) for name in sheets)


def _mentions_formula(archive: zipfile.ZipFile, name: str) -> bool:
    tail = b""
    with archive.open(name) as part:
        while block := part.read(BLOCK):
            if b"<f>" in tail + block or b"<f " in tail + block:
                return True
            tail = block[-2:]
    return False
