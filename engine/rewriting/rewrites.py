"""The rewrites of a corpus, with what became of each text."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from engine.corpus import Corpus
from engine.errors import StoreError
from engine.rewriting.replies import Checked, Status


@dataclass(frozen=True, slots=True)
class Rewrites:
    """One rewrite a text; a text without one stands for itself, and its status says why.

    source: who wrote them. ids: the corpus's. used: (n) the rewrite, or the text itself.
    statuses: (n) what became of each text.
    """

    source: str
    ids: tuple[str, ...]
    used: tuple[str, ...]
    statuses: tuple[Status, ...]

    @classmethod
    def of(cls, source: str, corpus: Corpus, checked: list[Checked]) -> Rewrites:
        """The rewrites of a corpus from what was checked, row by row."""
        used = tuple(
            found.rewrite if found.status is Status.WRITTEN else text
            for found, text in zip(checked, corpus.texts, strict=True)
        )
        return cls(source, corpus.ids, used, tuple(found.status for found in checked))

    @property
    def counts(self) -> dict[Status, int]:
        """How many texts have each status; statuses that no text has are left out."""
        found = Counter(self.statuses)
        return {status: found[status] for status in Status if found[status]}

    @property
    def n_written(self) -> int:
        """How many texts have a rewrite; all others stand for themselves."""
        return self.counts.get(Status.WRITTEN, 0)

    def summary(self) -> str:
        """The counts as a sentence.

        Example:
            >>> Rewrites("m", ("a", "b"), ("x", "y"), (Status.WRITTEN, Status.EMPTY)).summary()
            '1 of 2 texts rewritten by m; 1 stands for itself (empty: 1).'
        """
        n = len(self.ids)
        rest = n - self.n_written
        first = f"{self.n_written:,} of {n:,} texts rewritten by {self.source}"
        if not rest:
            return f"{first}."
        why = ", ".join(f"{s}: {k:,}" for s, k in self.counts.items() if s is not Status.WRITTEN)
        stand = "stands for itself" if rest == 1 else "stand for themselves"
        return f"{first}; {rest:,} {stand} ({why})."

    def to_jsonl(self) -> str:
        """One line {"id", "rewrite"} for each text that has a rewrite."""
        rows = zip(self.ids, self.used, self.statuses, strict=True)
        written = ((i, text) for i, text, status in rows if status is Status.WRITTEN)
        return "".join(
            json.dumps({"id": i, "rewrite": text}, ensure_ascii=False) + "\n" for i, text in written
        )

    def export_jsonl(self, path: Path | str) -> int:
        """Write the rewrites as JSON lines, which the option `file` reads back; how many.

        Raises:
            StoreError: the file can't be written.
        """
        try:
            Path(path).write_text(self.to_jsonl(), encoding="utf-8")
        except OSError as error:
            raise StoreError(f"The rewrites can't be written to {path}: {error}.") from error
        return self.n_written
