"""What the research on small models rests on: its losses, its split, its blind baseline."""

import numpy as np
import pytest
import torch

from benchmarks.own_models import mean_over, raw, unfamiliar
from benchmarks.own_models_data import Corpora, View, accuracies
from benchmarks.own_models_nets import NETS, TEMPERATURE, answer_loss, label_loss
from benchmarks.written_levers import rival_triplets
from engine.types import Attribute


def test_the_right_answer_among_all_by_hand():
    # One text, exactly at its answer; the other answer is at a right angle.
    made, every = torch.tensor([[1.0, 0.0]]), torch.eye(2)
    loss = answer_loss(made, torch.tensor([[1.0]]), 0, every)
    assert float(loss) == pytest.approx(np.log(1 + np.exp(-1 / TEMPERATURE)), abs=1e-6)
    wrong = answer_loss(made, torch.tensor([[1.0]]), 1, every)
    assert float(wrong) == pytest.approx(1 / TEMPERATURE, abs=1e-4)


def test_texts_of_one_label_are_drawn_together_by_hand():
    # Two texts of label 0 at one place, one of label 1 opposite: only the first two count.
    made = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    together = label_loss(made, torch.tensor([0, 0, 1]))
    assert float(together) == pytest.approx(np.log(1 + np.exp(-2 / TEMPERATURE)), abs=1e-6)
    # Now the first prefers the stranger by 2 / temperature, and the last has both equally far.
    apart = label_loss(made, torch.tensor([0, 1, 0]))
    assert float(apart) == pytest.approx((2 / TEMPERATURE + np.log(2)) / 2, abs=1e-4)


@pytest.mark.parametrize("kind", ["late fusion", "film", "bilinear"])
def test_every_net_reads_the_attribute(kind):
    torch.manual_seed(0)
    net = NETS[kind](6).eval()
    texts = torch.randn(3, 6)
    made = [net(texts, torch.randn(1, 6).expand(3, -1)) for _ in range(2)]
    assert made[0].shape == (3, 6)
    assert not torch.allclose(*made)


def test_a_pair_scorer_does_not_mind_the_order():
    torch.manual_seed(0)
    net = NETS["pair"](6).eval()
    left, right, asked = torch.randn(3, 5, 6)
    torch.testing.assert_close(net(left, right, asked), net(right, left, asked))


def test_the_frozen_encoder_is_blind_over_a_corpus():
    rng = np.random.default_rng(0)
    labels = {f"c{i}": [str(x) for x in rng.integers(0, 3, 60)] for i in range(8)}
    texts = rng.normal(size=(60, 5)).astype(np.float32)
    views = tuple(
        View(
            Attribute(name),
            name,
            np.array(values).astype(np.int64),
            (),
            tuple(rival_triplets(labels, name)),
        )
        for name, values in labels.items()
    )
    corpus = Corpora("made up", tuple(map(str, range(60))), texts, texts[:8], views)
    found = accuracies([corpus], raw)
    assert len(found) == 8
    assert max(found.values()) > 0.51
    assert np.mean(list(found.values())) == pytest.approx(0.5, abs=0.005)


def test_names_that_training_never_saw():
    def corpus(name, *columns):
        views = tuple(View(Attribute(c), c, np.zeros(1, np.int64), (), ()) for c in columns)
        return Corpora(name, (), np.zeros((0, 2)), np.zeros((0, 2)), views)

    every = [corpus("a", "tone", "length"), corpus("b", "tone", "pace")]
    tested = {"b tone": 0.6, "b pace": 0.7}
    assert unfamiliar(every, [tested]) == [0.7]
    assert mean_over([{"x": 0.2}, {"x": 0.4, "y": 1.0}]) == pytest.approx({"x": 0.3, "y": 1.0})
