"""A run: method × corpus × attribute, with its cost; kept on disk by content key."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from engine.corpus import Corpus
from engine.errors import StoreError
from engine.maps import layout
from engine.methods.registry import (
    BuildsOn,
    Method,
    card,
    create,
    inputs_key,
    method_key,
    name_of,
    options,
    options_of,
)
from engine.models.revisions import model_revision
from engine.normalise import load_repaired, save_repaired
from engine.resources import Resources
from engine.store import data_dir
from engine.types import Attribute, Family, Floats, Neighbours, Rows, Similarity, content_key

N_NEIGHBOURS = 15
"""Neighbours kept with a run: what its map is drawn from."""
LAYOUT_VERSION = "1"
_PART = "part-"
_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took. Work found in the store was paid for earlier and is counted as cached."""

    seconds: float = 0.0
    passes: int = 0
    n_cached: int = 0
    lm_tokens: int = 0
    verdicts: int = 0
    dollars: float = 0.0
    peak_mb: float = 0.0
    n_truncated: int = 0


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All about a run but its numbers."""

    key: str
    method: str
    options: dict[str, Any]
    attribute: str
    definition: str
    corpus: str
    fingerprint: str
    n_texts: int
    scale: str
    cost: Cost
    prompts: dict[str, list[str]]
    finished: str


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its record, its Similarity, and each text's nearest neighbours."""

    record: RunRecord
    similarity: Similarity
    neighbours: Neighbours


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is to be run."""

    corpus: Corpus
    attribute: Attribute
    method: Method

    @property
    def key(self) -> str:
        """Holds everything that changes the answer; a control's answer ignores the attribute."""
        blind = card(name_of(self.method)).family is Family.CONTROL
        models = _model_revisions(self.method)
        attribute = "" if blind else self.attribute.key
        inputs = inputs_key(self.method, self.corpus, self.attribute)
        return content_key(
            self.corpus.fingerprint, attribute, method_key(self.method), inputs, *models
        )


class RunStore:
    """Finished runs on disk, one folder each. Several processes may read and write.

    Args:
        folder: where runs are kept; by default under the user's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_dir() / "runs"
        self._read: dict[str, tuple[tuple[int, int], RunRecord]] = {}

    def has(self, key: str) -> bool:
        """Whether a finished run with this key is kept, and its record can be read."""
        try:
            self.record(key)
        except StoreError:
            return False
        return True

    def save(self, run: Run) -> None:
        """Keep a run: written beside its place, then moved there in one step.

        Raises:
            StoreError: its Similarity can't be kept, or the folder can't be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                prefix=_PART, dir=self.folder, ignore_cleanup_errors=True
            ) as place:
                part = Path(place) / run.record.key
                part.mkdir()
                save_repaired(run.similarity, part)
                np.save(part / "neighbour_rows.npy", run.neighbours.rows)
                np.save(part / "neighbour_similarities.npy", run.neighbours.similarities)
                _write_json(part / "run.json", dataclasses.asdict(run.record))
                _put_in_place(part, self.folder / run.record.key)
        except OSError as error:
            raise StoreError(
                f"The run can't be kept in {self.folder} ({error}). Free some space there, "
                "or set LIKEWISE_HOME to another folder."
            ) from error

    def load(self, key: str) -> Run:
        """Read a kept run.

        Raises:
            StoreError: there is none, or it can't be read.
        """
        record = self.record(key)
        place = self.folder / key
        neighbours = Neighbours(
            _read_array(place / "neighbour_rows.npy"),
            _read_array(place / "neighbour_similarities.npy"),
        )
        return Run(record, load_repaired(place), neighbours)

    def record(self, key: str) -> RunRecord:
        """What is known of a kept run, without its numbers; read anew when its file changed.

        Raises:
            StoreError: there is none, or it can't be read.
        """
        path = self.folder / key / "run.json"
        try:
            stat = path.stat()
            version = (stat.st_ino, stat.st_mtime_ns)
            if self._read.get(key, (None,))[0] != version:
                self._read[key] = (version, _read_record(path))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StoreError(
                f"There is no readable run {key} in {self.folder}: run it again."
            ) from error
        return self._read[key][1]

    def records(self) -> list[RunRecord]:
        """All kept runs, the latest first; one whose record can't be read would be run again."""
        found = []
        for place in self.folder.glob("*/run.json"):
            with contextlib.suppress(StoreError):
                found.append(self.record(place.parent.name))
        return sorted(found, key=lambda record: record.finished, reverse=True)

    def save_positions(self, key: str, positions: Floats) -> None:
        """Keep the map of a run."""
        _write_array(self.folder / key / f"map-{LAYOUT_VERSION}.npy", positions)

    def positions(self, key: str) -> Floats | None:
        """The map of a run, or None while it is not drawn."""
        place = self.folder / key / f"map-{LAYOUT_VERSION}.npy"
        if not place.exists():
            return None
        return _read_array(place)

    def reference(self, corpus: Corpus) -> Floats:
        """The corpus's reference layout, drawn once from shared words; maps are aligned to it."""
        place = self.folder.parent / "references" / f"{corpus.fingerprint}-{LAYOUT_VERSION}.npy"
        if place.exists():
            return _read_array(place)
        drawn = _reference_layout(corpus)
        _write_array(place, drawn)
        return drawn


def _read_record(path: Path) -> RunRecord:
    raw = json.loads(path.read_text(encoding="utf-8"))
    return RunRecord(**{**raw, "cost": Cost(**raw["cost"])})


def prepare(request: RunRequest, resources: Resources) -> Run:
    """Run a method and find every text's nearest neighbours.

    Raises:
        LikewiseError: whatever the method raises, with its own message.
    """
    corpus, attribute, made = request.corpus, request.attribute, request.method
    started = time.perf_counter()
    with PeakMemory() as memory:
        similarity = made.prepare(corpus, attribute, resources.with_progress(0.0, 0.95))
        everyone = np.arange(len(corpus), dtype=np.int64)
        neighbours = similarity.neighbours(everyone, max(1, min(N_NEIGHBOURS, len(corpus) - 1)))
    meter = resources.meter
    cost = Cost(
        seconds=time.perf_counter() - started,
        passes=meter.passes,
        n_cached=meter.n_cached,
        lm_tokens=meter.lm_tokens,
        verdicts=meter.verdicts,
        dollars=meter.dollars,
        peak_mb=memory.peak_mb,
        n_truncated=meter.n_truncated,
    )
    record = RunRecord(
        key=request.key,
        method=name_of(made),
        options=options_of(made),
        attribute=attribute.name,
        definition=attribute.definition,
        corpus=corpus.name,
        fingerprint=corpus.fingerprint,
        n_texts=len(corpus),
        scale=similarity.scale.value,
        cost=cost,
        prompts={model: list(sent) for model, sent in meter.prompts.items()},
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return Run(record, similarity, neighbours)


def draw_map(run: Run, corpus: Corpus, store: RunStore) -> Floats:
    """Draw the run's map from its neighbours, aligned to the corpus's reference, and keep it."""
    reference = store.reference(corpus)
    drawn = layout(run.neighbours, scale=run.similarity.scale, reference=reference)
    store.save_positions(run.record.key, drawn)
    return drawn


class PeakMemory:
    """Highest resident memory of this process while the block runs, sampled every 50 ms."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        """Start sampling."""
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Take a last sample and stop."""
        self._stop.set()
        self._thread.join()
        self._sample()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self._sample()

    def _sample(self) -> None:
        self.peak_mb = max(self.peak_mb, self._process.memory_info().rss / 1e6)


def _model_revisions(made: Method) -> list[str]:
    """The models that a method names, and those of the method it builds on."""
    values = options_of(made)
    named = [str(values[option.name]) for option in options(name_of(made)) if option.model_kinds]
    basis = _model_revisions(made.basis()) if isinstance(made, BuildsOn) else []
    return [*map(model_revision, named), *basis]


def _reference_layout(corpus: Corpus) -> Floats:
    words = create("tfidf").prepare(corpus, Attribute("anything"), Resources())
    everyone: Rows = np.arange(len(corpus), dtype=np.int64)
    neighbours = words.neighbours(everyone, max(1, min(N_NEIGHBOURS, len(corpus) - 1)))
    return layout(neighbours, scale=words.scale)


def _put_in_place(part: Path, target: Path) -> None:
    """Move a folder to its place; what stands there, or is put there meanwhile, gives way."""
    for attempt in range(_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            target.replace(part.with_name(f"replaced-{attempt}"))
        try:
            part.replace(target)
        except OSError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _read_array(path: Path) -> npt.NDArray[Any]:
    try:
        stored: npt.NDArray[Any] = np.load(path)
    except (OSError, EOFError, ValueError) as error:
        raise StoreError(
            f"The kept result in {path.parent} can't be read ({error}). Delete it and run again."
        ) from error
    return stored


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _write_array(path: Path, array: Floats) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(suffix=".npy", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        np.save(file, array)
    Path(part).replace(path)
