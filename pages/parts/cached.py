"""The only st.cache_*: what outlives a rerun, a page and a session, each by content key."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import streamlit as st

from engine.bench import BenchReport
from engine.corpus import Corpus, load_corpus
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.overlap import method_agreement
from engine.errors import BadCorpus
from engine.jobs import JobQueue
from engine.judge_batches import BatchJobs
from engine.judge_jobs import JudgeJobs
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.ledger import Ledger
from engine.judges.questions import Verdict
from engine.maps import clusters, warm_up
from engine.models.shelf import process_shelf
from engine.reading import Table, read_table
from engine.run import Run, RunStore
from engine.samples import sample, samples
from engine.spot_checks import SpotCheck, replayable_queue, spot_check_queue
from engine.store import VectorStore, data_dir
from engine.types import Attribute, Rows, Similarity

SNIPPET_LENGTH = 240
UPLOADS = "uploads"
Measured = TypeVar("Measured")


@st.cache_resource
def job_queue() -> JobQueue:
    """The workers of this process; the map drawing is compiled while the analyst reads."""
    threading.Thread(target=warm_up, name="likewise-warm-up", daemon=True).start()
    return JobQueue(RunStore(), VectorStore(), process_shelf())


@st.cache_resource
def ledger() -> Ledger:
    """Every verdict ever given, with the verdicts that come with the samples."""
    opened = Ledger(data_dir() / "ledger.sqlite")
    for each in samples():
        if each.verdicts is not None:
            corpus = load_corpus(each.name)
            texts = dict(zip(corpus.ids, corpus.texts, strict=True))
            opened.import_jsonl(each.verdicts, texts, judge=shipped_judge(each.name))
    return opened


@st.cache_resource
def judge_jobs() -> JudgeJobs:
    """The workers that ask judges."""
    return JudgeJobs()


@st.cache_resource
def batch_jobs() -> BatchJobs:
    """The worker that sends batches, and looks after those that are open."""
    kept = ledger()
    return BatchJobs(kept, lambda model: AnthropicJudge(model, kept))


def shipped_judge(sample_name: str) -> str:
    """The name under which a sample's shipped verdicts stand in the ledger."""
    return f"strong judge, shipped with {sample_name}"


@st.cache_resource(max_entries=4, show_spinner="Reading the corpus …")
def whole_corpus(source: str, columns: str) -> Corpus:
    """The corpus that a view's `corpus` and `columns` stand for."""
    chosen = json.loads(columns) if columns else {}
    return load_corpus(corpus_path(source), **chosen)


@st.cache_resource(max_entries=4, show_spinner=False)
def preview(path: str, n_rows: int) -> Table:
    """The first rows of a file, to choose its columns from."""
    return read_table(Path(path), filename=Path(path).name, limit=n_rows)


@st.cache_resource(max_entries=8, show_spinner=False)
def corpus(source: str, columns: str, limit: int) -> Corpus:
    """The texts that are compared: all, or a fixed random sample of `limit`."""
    everything = whole_corpus(source, columns)
    return everything.sample(limit, seed=0) if 0 < limit < len(everything) else everything


@st.cache_resource(max_entries=8, show_spinner=False)
def snippets(fingerprint: str, _corpus: Corpus) -> list[str]:
    """The beginning of each text, as maps show it on hover."""
    return [shorten(text, SNIPPET_LENGTH) for text in _corpus.texts]


@st.cache_resource(max_entries=32, show_spinner=False)
def cluster_codes(run_key: str, _run: Run) -> Rows:
    """Clusters of one run's neighbour graph."""
    return clusters(_run.neighbours, scale=_run.similarity.scale)


@st.cache_resource(max_entries=32, show_spinner=False)
def method_agreements(
    run_keys: tuple[str, ...], _lists: Mapping[str, Rows]
) -> dict[tuple[str, str], Estimate]:
    """Rank-biased overlap of every two runs' neighbour lists."""
    return method_agreement(_lists)


def shorten(text: str, length: int) -> str:
    """The text on one line, cut at `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def corpus_path(source: str) -> str | Path:
    """What `load_corpus` reads for a view's `corpus`; only samples, uploads and the given file.

    Raises:
        BadCorpus: the upload is no longer there, or no file was given on start.
        UnknownName: no such sample.
    """
    if source == "cli":
        given = os.environ.get("LIKEWISE_CORPUS")
        if not given:
            raise BadCorpus("This link is to a file that was given to `likewise run FILE`.")
        return given
    if source.startswith("file:"):
        path = data_dir() / UPLOADS / Path(source.removeprefix("file:")).name
        if not path.exists():
            raise BadCorpus("This link is to an uploaded file that is not here: upload it again.")
        return path
    return sample(source).name


def keep_upload(name: str, content: bytes) -> str:
    """Keep an uploaded file under its content's hash; returns the view's `corpus` for it."""
    folder = data_dir() / UPLOADS
    folder.mkdir(exist_ok=True)
    digest = hashlib.sha256(content).hexdigest()[:16]
    stem = "".join(c if c.isalnum() else "-" for c in Path(name).stem)[:40].strip("-")
    path = folder / f"{stem or 'upload'}-{digest}{''.join(Path(name).suffixes[-2:]).lower()}"
    if not path.exists():
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(content)
        part.replace(path)
    return f"file:{path.name}"


def everyone(n_texts: int) -> Rows:
    """All rows of a corpus."""
    return np.arange(n_texts, dtype=np.int64)


@st.cache_resource(max_entries=16, show_spinner="Looking for pairs the methods disagree on …")
def queue(
    run_keys: tuple[str, ...], n: int, _similarities: Mapping[str, Similarity]
) -> list[SpotCheck]:
    """Spot checks for a set of runs."""
    return spot_check_queue(_similarities, n=n, seed=0)


@st.cache_resource(max_entries=16, show_spinner=False)
def replay_queue(
    run_keys: tuple[str, ...],
    judge: str,
    _attribute: Attribute,
    n: int,
    _similarities: Mapping[str, Similarity],
    _verdicts: Sequence[Verdict],
    _texts: Sequence[str],
) -> list[SpotCheck]:
    """Spot checks that a replayed judge has already answered."""
    return replayable_queue(_similarities, _verdicts, _texts, _attribute, n=n, seed=0)


@st.cache_resource(max_entries=16, show_spinner="Measuring …")
def reports(
    run_keys: tuple[str, ...], columns: tuple[str, ...], _measure: Callable[[], list[BenchReport]]
) -> list[BenchReport]:
    """What kept runs reach against label columns."""
    return _measure()


@st.cache_resource(max_entries=96, show_spinner="Measuring …")
def measured(key: tuple[str, ...], _measure: Callable[[], Measured]) -> Measured:
    """Whatever Calibration and Tune measure, by keys of all that it is measured on."""
    return _measure()


@st.cache_resource(max_entries=96, show_spinner=False)
def judging(key: tuple[object, ...], _measure: Callable[[], Measured]) -> Measured:
    """Whatever the Judge page reads or measures, by keys that hold the ledger's version."""
    return _measure()
