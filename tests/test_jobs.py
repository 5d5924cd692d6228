"""The job queue: from submission to the map, cancelling, failing, and two lanes."""

import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest

from engine.errors import LikewiseError, UnknownName
from engine.jobs import JobQueue, State
from engine.methods import registry
from engine.methods.registry import create, method
from engine.models.shelf import process_shelf
from engine.run import RunRequest, RunStore
from engine.similarity import AxisSimilarity
from engine.store import VectorStore
from engine.types import Attribute, Family, Level

TONE, TOPIC = Attribute("tone"), Attribute("topic")
PATIENCE_SECONDS = 60


@pytest.fixture
def corpus(small_corpus):
    return small_corpus("one red fish", "two blue fish", "red and blue", "three", "two and three")


@pytest.fixture
def queue(tmp_path):
    return JobQueue(
        RunStore(tmp_path / "runs"), VectorStore(tmp_path / "vectors.sqlite"), process_shelf()
    )


class Gate:
    """Holds a method still until the test lets it go on, and hands over its Resources."""

    def __init__(self):
        self.entered, self.opened = threading.Event(), threading.Event()
        self.resources = None

    def wait(self, resources):
        self.resources = resources
        resources.report(0.5, "half way")
        self.entered.set()
        while not self.opened.wait(0.005):
            resources.check_cancelled()


@pytest.fixture
def gates(monkeypatch):
    """Methods 'light-gate' and 'heavy-gate', and 'broken' and 'odd', for one test."""
    registry.cards()
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    monkeypatch.setattr(registry, "_cards", dict(registry._cards))
    made = {"light-gate": Gate(), "heavy-gate": Gate()}
    register("light-gate", Level.FREE, made["light-gate"].wait)
    register("heavy-gate", Level.LM_PASSES, made["heavy-gate"].wait)
    register("broken", Level.FREE, fail_on_purpose)
    register("odd", Level.FREE, lambda resources: 1 / 0)
    yield made
    for gate in made.values():
        gate.opened.set()


def fail_on_purpose(resources):
    raise LikewiseError("The weights are not here. Fetch them.")


def register(name, level, work):
    @method(name, family=Family.LEXICAL, level=level, rereads="nothing", summary="for a test")
    @dataclass(frozen=True, slots=True)
    class Made:
        """A method that does what a test tells it to."""

        def prepare(self, corpus, attribute, resources):
            work(resources)
            return AxisSimilarity(np.arange(len(corpus), dtype=np.float32))


def request(corpus, name, attribute=TONE, **options):
    return RunRequest(corpus, attribute, create(name, options))


def settled(queue, key, *, until=lambda status: status.finished):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not until(queue.status(key)):
        if time.monotonic() > deadline:
            pytest.fail(f"the job never settled: {queue.status(key)}")
        time.sleep(0.005)
    return queue.status(key)


def test_a_job_ends_with_its_run_and_its_map(corpus, queue):
    key = queue.submit(request(corpus, "tfidf"))
    status = settled(queue, key)
    assert (status.state, status.fraction, status.method) == (State.DONE, 1, "tfidf")
    assert queue.run(key).record.key == key
    assert queue.store.load(key).record.key == key
    assert queue.store.positions(key).shape == (5, 2)


def test_what_is_kept_is_done_at_once_also_for_another_process(corpus, queue):
    key = queue.submit(request(corpus, "tfidf"))
    settled(queue, key)
    assert queue.submit(request(corpus, "tfidf")) == key
    later = JobQueue(queue.store, VectorStore(queue.store.folder / "v.sqlite"), process_shelf())
    assert later.submit(request(corpus, "tfidf", TOPIC)) == key
    assert later.status(key).state is State.DONE
    np.testing.assert_array_equal(later.run(key).neighbours.rows, queue.run(key).neighbours.rows)


def test_a_run_kept_without_its_map_only_has_its_map_drawn(corpus, queue, gates):
    gates["light-gate"].opened.set()
    key = queue.submit(request(corpus, "light-gate"))
    settled(queue, key)
    next((queue.store.folder / key).glob("map-*.npy")).unlink()
    gates["light-gate"].entered.clear()
    later = JobQueue(queue.store, VectorStore(queue.store.folder / "v.sqlite"), process_shelf())
    later.submit(request(corpus, "light-gate"))
    assert settled(later, key).state is State.DONE
    assert later.store.positions(key) is not None
    assert not gates["light-gate"].entered.is_set()


def test_progress_is_seen_while_it_runs(corpus, queue, gates):
    key = queue.submit(request(corpus, "light-gate"))
    status = settled(queue, key, until=lambda status: status.note == "half way")
    assert status.state is State.RUNNING
    assert status.fraction == pytest.approx(0.475)
    assert status.seconds > 0
    assert queue.run(key) is None
    assert queue.submit(request(corpus, "light-gate")) == key
    gates["light-gate"].opened.set()
    assert settled(queue, key).state is State.DONE


def test_what_a_finished_job_reports_later_does_not_change_it(corpus, queue, gates):
    gates["light-gate"].opened.set()
    key = queue.submit(request(corpus, "light-gate"))
    before = settled(queue, key)
    gates["light-gate"].resources.report(0.1, "scoring on demand")
    assert queue.status(key) == before


def test_a_failing_method_says_why_and_the_lane_goes_on(corpus, queue, gates):
    broken, odd = (queue.submit(request(corpus, name)) for name in ("broken", "odd"))
    fine = queue.submit(request(corpus, "tfidf"))
    status = settled(queue, broken)
    assert (status.state, status.note) == (
        State.FAILED,
        "The weights are not here. Fetch them.",
    )
    assert settled(queue, odd).note == "ZeroDivisionError: division by zero"
    assert settled(queue, fine).state is State.DONE
    assert queue.run(broken) is None
    assert not queue.store.has(broken)


def test_what_failed_stays_so_until_it_is_forgotten(corpus, queue, gates):
    key = queue.submit(request(corpus, "broken"))
    settled(queue, key)
    register("broken", Level.FREE, lambda resources: None)
    assert queue.submit(request(corpus, "broken")) == key
    assert queue.status(key).state is State.FAILED
    queue.forget(key)
    assert queue.submit(request(corpus, "broken")) == key
    status = settled(queue, key)
    assert status.state is State.DONE


def test_the_heavy_lane_does_not_hold_up_the_light_one(corpus, queue, gates):
    heavy = queue.submit(request(corpus, "heavy-gate"))
    assert gates["heavy-gate"].entered.wait(PATIENCE_SECONDS)
    light = queue.submit(request(corpus, "tfidf"))
    assert settled(queue, light).state is State.DONE
    assert queue.status(heavy).state is State.RUNNING
    gates["heavy-gate"].opened.set()
    assert settled(queue, heavy).state is State.DONE


def test_a_waiting_job_is_cancelled_at_once_and_never_begins(corpus, queue, gates):
    gate = gates["light-gate"]
    first = queue.submit(request(corpus, "light-gate"))
    assert gate.entered.wait(PATIENCE_SECONDS)
    second = queue.submit(request(corpus, "tfidf"))
    assert queue.status(second).state is State.WAITING
    queue.cancel(second)
    assert queue.status(second).state is State.CANCELLED
    gate.opened.set()
    assert settled(queue, first).state is State.DONE
    third = queue.submit(request(corpus, "numbers"))
    settled(queue, third)
    assert queue.status(second).state is State.CANCELLED
    assert not queue.store.has(second)


def test_a_running_job_stops_and_can_be_started_again(corpus, queue, gates):
    gate = gates["light-gate"]
    key = queue.submit(request(corpus, "light-gate"))
    assert gate.entered.wait(PATIENCE_SECONDS)
    queue.cancel(key)
    assert settled(queue, key).state is State.CANCELLED
    assert queue.run(key) is None
    assert not queue.store.has(key)
    gate.opened.set()
    queue.forget(key)
    assert queue.submit(request(corpus, "light-gate")) == key
    assert settled(queue, key).state is State.DONE


def test_a_cancelled_job_that_was_forgotten_does_not_stop_its_lane(corpus, queue, gates):
    gate = gates["light-gate"]
    queue.submit(request(corpus, "light-gate"))
    assert gate.entered.wait(PATIENCE_SECONDS)
    forgotten, after = (queue.submit(request(corpus, name)) for name in ("length", "numbers"))
    queue.cancel(forgotten)
    queue.forget(forgotten)
    gate.opened.set()
    assert settled(queue, after).state is State.DONE
    with pytest.raises(UnknownName):
        queue.status(forgotten)


def test_only_what_failed_or_was_cancelled_is_forgotten(corpus, queue):
    key = queue.submit(request(corpus, "tfidf"))
    settled(queue, key)
    queue.forget(key)
    queue.forget("no such key")
    assert queue.keys() == [key]


def test_cancelling_what_is_done_or_unknown_changes_nothing(corpus, queue):
    key = queue.submit(request(corpus, "tfidf"))
    settled(queue, key)
    queue.cancel(key)
    queue.cancel("no such key")
    assert queue.status(key).state is State.DONE


def test_a_job_that_was_never_submitted_is_unknown(queue):
    with pytest.raises(UnknownName, match="No job is called 'nothing'"):
        queue.status("nothing")
    assert queue.run("nothing") is None


def test_a_model_that_arrives_while_a_job_waits_does_not_lose_it(
    corpus, queue, gates, tmp_path, monkeypatch
):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    queue.submit(request(corpus, "light-gate"))
    assert gates["light-gate"].entered.wait(PATIENCE_SECONDS)
    waiting = request(corpus, "bm25", model="org/name", strength=0)
    key = queue.submit(waiting)
    snapshot = tmp_path / "models--org--name" / "snapshots" / "abc123"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot / "model.safetensors").write_bytes(b"")
    assert waiting.key != key
    gates["light-gate"].opened.set()
    assert settled(queue, key).state is State.DONE
    assert queue.run(key).record.method == "bm25"


class PausingStore(VectorStore):
    """A real store that waits after its first batch until it is told to go on."""

    def __init__(self, path):
        super().__init__(path)
        self.stored, self.go_on = threading.Event(), threading.Event()

    def put(self, space, texts, vectors):
        super().put(space, texts, vectors)
        self.stored.set()
        self.go_on.wait(PATIENCE_SECONDS)


@pytest.mark.models
def test_the_vectors_made_before_cancelling_are_kept(small_corpus, tmp_path):
    texts = small_corpus(*[f"text number {number}" for number in range(80)])
    vectors = PausingStore(tmp_path / "vectors.sqlite")
    queue = JobQueue(RunStore(tmp_path / "runs"), vectors, process_shelf())
    key = queue.submit(request(texts, "raw-embedding"))
    assert vectors.stored.wait(PATIENCE_SECONDS)
    queue.cancel(key)
    vectors.go_on.set()
    assert settled(queue, key).state is State.CANCELLED
    (n_kept,) = VectorStore(tmp_path / "vectors.sqlite").spaces().values()
    assert 0 < n_kept < 80
    queue.forget(key)
    queue.submit(request(texts, "raw-embedding"))
    assert settled(queue, key).state is State.DONE
    cost = queue.run(key).record.cost
    assert (cost.n_cached, cost.passes) == (n_kept, 80 - n_kept)


def test_a_language_model_lets_light_methods_go_first(corpus, queue, gates):
    light = queue.submit(request(corpus, "light-gate"))
    assert gates["light-gate"].entered.wait(PATIENCE_SECONDS)
    heavy = queue.submit(request(corpus, "heavy-gate"))
    time.sleep(0.5)
    assert queue.status(heavy).state is State.WAITING
    assert not gates["heavy-gate"].entered.is_set()
    gates["light-gate"].opened.set()
    assert gates["heavy-gate"].entered.wait(PATIENCE_SECONDS)
    assert settled(queue, light).state is State.DONE


def test_a_language_model_cancelled_while_it_lets_others_pass_never_begins(corpus, queue, gates):
    queue.submit(request(corpus, "light-gate"))
    assert gates["light-gate"].entered.wait(PATIENCE_SECONDS)
    heavy = queue.submit(request(corpus, "heavy-gate"))
    queue.cancel(heavy)
    assert settled(queue, heavy).state is State.CANCELLED
    gates["light-gate"].opened.set()
    another = queue.submit(request(corpus, "heavy-gate", TOPIC))
    assert gates["heavy-gate"].entered.wait(PATIENCE_SECONDS)
    gates["heavy-gate"].opened.set()
    assert settled(queue, another).state is State.DONE
