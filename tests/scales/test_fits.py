import choix
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad

from engine.diagnostics.transitivity import Comparisons
from engine.errors import BadInput
from engine.judges.questions import (
    Choice,
    ComparisonQuestion,
    PointQuestion,
    Status,
    TripletQuestion,
    Verdict,
)
from engine.scales import ordinal
from engine.scales.answers import Scores, Wins, scores, triplet_comparisons, wins
from engine.scales.consolidated import _Problem, consolidated, score_noise
from engine.scales.groups import beliefs_of, judged_groups
from engine.scales.ordinal import ordinal_embedding, triplet_error
from engine.scales.posterior import posterior
from engine.types import Attribute

HEAT = Attribute("heat")
TEXTS = ["a", "b", "c"]


def random_wins(n_texts, n, seed, sharpness=1.0):
    rng = np.random.default_rng(seed)
    place = rng.normal(size=n_texts) * 2
    left = rng.integers(0, n_texts, n)
    right = (left + rng.integers(1, n_texts, n)) % n_texts
    first = rng.random(n) < 1 / (1 + np.exp(-sharpness * (place[left] - place[right])))
    return place, Wins(np.where(first, left, right), np.where(first, right, left))


def test_verdicts_become_wins_ties_one_each_way():
    def said(left, right, choice):
        return Verdict.of(ComparisonQuestion(HEAT, left, right), "me", choice=choice)

    verdicts = [
        said("a", "b", Choice.RIGHT),
        said("c", "a", Choice.TIE),
        said("a", "elsewhere", Choice.LEFT),
        Verdict.of(ComparisonQuestion(HEAT, "b", "c"), "me", status=Status.UNPARSED),
        Verdict.of(PointQuestion(HEAT, "a"), "me", value=3.0, batch="1"),
    ]
    found = wins(verdicts, TEXTS)
    assert list(zip(*(s.tolist() for s in found), strict=True)) == [(1, 0), (2, 0), (0, 2)]
    points = scores(verdicts, TEXTS)
    assert (points.rows.tolist(), points.values.tolist(), points.batch_names) == (
        [0],
        [3.0],
        ("1",),
    )


def test_triplets_become_rows_without_ties():
    def said(anchor, left, right, choice):
        return Verdict.of(TripletQuestion(HEAT, anchor, left, right), "me", choice=choice)

    verdicts = [
        said("a", "b", "c", Choice.RIGHT),
        said("a", "c", "b", Choice.LEFT),
        said("b", "a", "c", Choice.TIE),
        said("c", "elsewhere", "a", Choice.LEFT),
        said("c", "b", "a", Choice.LEFT),
    ]
    found = triplet_comparisons(verdicts, TEXTS)
    assert [tuple(s.tolist()) for s in found] == [(0, 2), (2, 1), (1, 0)]
    assert [len(s) for s in triplet_comparisons([], TEXTS)] == [0, 0, 0]


def test_comparisons_alone_give_what_choix_gives():
    _, told = random_wins(12, 80, seed=0)
    ours = consolidated(12, wins=told, spread=2.0)
    pairs = list(zip(*(s.tolist() for s in told), strict=True))
    theirs = choix.opt_pairwise(12, pairs, alpha=1 / (2 * 2.0**2))
    assert ours.values == pytest.approx(theirs, abs=2e-3)
    assert (ours.sharpness, dict(ours.offsets)) == (1.0, {})
    assert ours.chance(np.array([0]), np.array([1]))[0] == pytest.approx(
        1 / (1 + np.exp(theirs[1] - theirs[0])), abs=1e-3
    )


def test_two_texts_by_hand():
    """One win: x = −y, and 2x/9... the gradient 1/(1 + e^2x) = x/9 has its root at 1.126."""
    found = consolidated(2, wins=Wins(np.array([0]), np.array([1])))
    x = found.values[0]
    assert found.values[1] == pytest.approx(-x)
    assert 1 / (1 + np.exp(2 * x)) == pytest.approx(x / 9, abs=1e-5)
    chance = 1 / (1 + np.exp(-2 * x))
    assert found.information[0] == pytest.approx(1 / 9 + chance * (1 - chance))


def drifting_scores(seed=0, n_texts=60, n_anchors=15, drift=(0.0, 1.5, -1.0), noise=0.6):
    rng = np.random.default_rng(seed)
    place = rng.uniform(1, 9, n_texts)
    rows, batch = [], []
    for b in range(3):
        own = np.arange(n_anchors + b * 15, n_anchors + (b + 1) * 15)
        mine = np.concatenate([np.arange(n_anchors), own])
        rows.append(mine)
        batch.append(np.full(len(mine), b))
    rows, batch = np.concatenate(rows), np.concatenate(batch)
    values = place[rows] + np.array(drift)[batch] + noise * rng.normal(size=len(rows))
    return place, Scores(rows, values, batch, ("1", "2", "3"))


def test_drift_is_taken_out_by_shared_anchors():
    place, told = drifting_scores()
    found = consolidated(60, scores=told)
    offsets = np.array(list(found.offsets.values()))
    expected = np.array([0.0, 1.5, -1.0]) - np.mean([0.0, 1.5, -1.0])
    assert offsets - offsets.mean() == pytest.approx(expected, abs=0.35)
    assert found.noise == pytest.approx(0.6, abs=0.15)
    plain = np.array([told.values[told.rows == row].mean() for row in range(60)])
    kept = np.corrcoef(found.values, place)[0, 1]
    assert kept > np.corrcoef(plain, place)[0, 1]
    assert np.abs(found.values - place).mean() < np.abs(plain - place).mean()


def test_scores_and_comparisons_together_beat_either():
    place, told = drifting_scores(noise=1.5)
    rng = np.random.default_rng(3)
    left, right = rng.integers(0, 60, 150), rng.integers(0, 60, 150)
    keep = left != right
    left, right = left[keep], right[keep]
    first = rng.random(len(left)) < 1 / (1 + np.exp(-2 * (place[left] - place[right])))
    won = Wins(np.where(first, left, right), np.where(first, right, left))
    both = consolidated(60, wins=won, scores=told)
    fits = [both, consolidated(60, wins=won), consolidated(60, scores=told)]
    correlation = [np.corrcoef(fit.values, place)[0, 1] for fit in fits]
    assert correlation[0] > max(correlation[1:])
    assert both.sharpness > 1


def test_the_noise_of_scores_by_hand():
    """Six texts scored twice, differing by 2, second batch 1 higher: ±0.5 left, 12/4 over 5."""
    rows = np.repeat(np.arange(6), 2)
    batch = np.tile([0, 1], 6)
    gaps = np.array([2.0, 0.0] * 3)
    values = np.array([[0.0, gap] for gap in gaps]).ravel()
    told = Scores(rows, values, batch, ("1", "2"))
    # After the batches' means (0 and 1) and the texts' means: ±0.5 each, twelve times.
    assert score_noise(told) == pytest.approx(np.sqrt(12 * 0.25 / 5))
    assert score_noise(Scores(rows[:4], values[:4], batch[:4], ("1", "2"))) == 1.0


@pytest.mark.parametrize("is_joint", [True, False])
def test_the_gradient_of_the_joint_fit(is_joint):
    _, told = drifting_scores(n_texts=60)
    _, won = random_wins(60, 40, seed=1)
    nothing = Wins(won.winner[:0], won.loser[:0])
    problem = _Problem(60, won if is_joint else nothing, told, 3.0, 0.7)
    x = np.random.default_rng(0).normal(size=60 + 3 + 1)
    gap = check_grad(lambda at: problem.loss(at)[0], lambda at: problem.loss(at)[1], x)
    assert gap < 1e-3


def test_what_can_not_be_fitted_is_refused():
    with pytest.raises(BadInput, match="neither"):
        consolidated(3)
    with pytest.raises(BadInput, match="Rows run from 5 to 5"):
        consolidated(3, wins=Wins(np.array([0]), np.array([5])))
    with pytest.raises(BadInput, match="spread"):
        consolidated(3, wins=Wins(np.array([0]), np.array([1])), spread=0)


@pytest.mark.parametrize("model", ["bradley-terry", "thurstone"])
def test_the_posterior_orders_texts_and_its_intervals_hold(model):
    place, told = random_wins(8, 200, seed=2)
    found = posterior(8, told, model=model)
    assert np.corrcoef(found.means, place)[0, 1] > 0.9
    lead, spread = found.difference(np.array([0, 1]), np.array([1, 0]))
    assert lead[0] == pytest.approx(-lead[1])
    assert (spread > 0).all()
    if model == "bradley-terry":
        left, right = np.triu_indices(8, 1)
        lead, spread = found.difference(left, right)
        held = np.abs(lead - (place[left] - place[right])) <= 1.96 * spread
        assert held.mean() > 0.75


def test_a_posterior_of_too_many_texts_or_an_unknown_model_is_refused():
    told = Wins(np.array([0]), np.array([1]))
    with pytest.raises(BadInput, match="matrix of their square"):
        posterior(1001, told)
    with pytest.raises(BadInput, match="Known: bradley-terry, thurstone"):
        posterior(2, told, model="elo")


def planted_triplets(places, n, seed):
    rng = np.random.default_rng(seed)
    rows = np.array([rng.choice(len(places), 3, replace=False) for _ in range(n)]).T
    near = ((places[rows[0]] - places[rows[1]]) ** 2).sum(axis=1)
    far = ((places[rows[0]] - places[rows[2]]) ** 2).sum(axis=1)
    turned = near > far
    return Comparisons(
        rows[0], np.where(turned, rows[2], rows[1]), np.where(turned, rows[1], rows[2])
    )


@pytest.mark.parametrize("loss", ["soft", "logistic", "t-ste"])
def test_a_plane_is_recovered_from_triplets_held_back(loss):
    places = np.random.default_rng(0).normal(size=(25, 2))
    told, held = planted_triplets(places, 900, seed=1), planted_triplets(places, 400, seed=2)
    found = ordinal_embedding(25, told, loss=loss, n_starts=2)
    assert triplet_error(found.places, held) < 0.1
    assert found.violated == triplet_error(found.places, told)
    again = ordinal_embedding(25, told, loss=loss, n_starts=2)
    assert np.array_equal(found.places, again.places)


@pytest.mark.parametrize("loss", ["soft", "logistic", "t-ste"])
def test_the_gradients_of_ordinal_embedding(loss):
    places = np.random.default_rng(0).normal(size=(8, 3))
    told = planted_triplets(np.random.default_rng(1).normal(size=(8, 3)), 30, seed=1)

    def at(flat):
        return ordinal._loss(flat.reshape(8, 3), told, ordinal._LOSSES[loss])

    gap = check_grad(lambda x: at(x)[0], lambda x: at(x)[1], places.ravel())
    assert gap < 1e-5


def test_losses_by_hand():
    """Near 1, far 4: soft 1 + 1 − 2 = 0; logistic log(1 + e⁻³); t-ste (1 + 1)/(1 + 4) at α = 1."""
    near, far = np.array([1.0]), np.array([4.0])
    assert ordinal._soft(near, far, 2)[0] == pytest.approx(0, abs=1e-9)
    assert ordinal._soft(far, near, 2)[0] == pytest.approx(4.0)
    assert ordinal._logistic(near, far, 2)[0] == pytest.approx(np.log1p(np.exp(-3)))
    assert ordinal._t_ste(near, far, 2)[0] == pytest.approx(np.log(1 + 2 / 5))


@given(st.floats(-3, 3), st.floats(0.5, 3))
def test_moving_and_turning_places_breaks_no_triplet(shift, angle):
    places = np.random.default_rng(0).normal(size=(9, 2))
    told = planted_triplets(places, 40, seed=0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert triplet_error(places @ turn + shift, told) == 0


def test_places_of_texts_in_no_triplet_and_what_is_refused():
    told = Comparisons(np.array([0]), np.array([1]), np.array([2]))
    assert ordinal_embedding(4, told).places[3].tolist() == [0.0, 0.0]
    for wrong in ({"loss": "gnmds"}, {"n_dimensions": 0}, {"start": np.zeros((3, 2))}):
        with pytest.raises(BadInput):
            ordinal_embedding(4, told, **wrong)
    with pytest.raises(BadInput, match="no decided triplet"):
        ordinal_embedding(4, Comparisons(*(np.zeros(0, dtype=int),) * 3))


def test_groups_are_recovered_from_many_noisy_pairs():
    labels = np.repeat(np.arange(3), 12)
    left, right = np.triu_indices(36, 1)
    wrong = np.random.default_rng(0).random(len(left)) < 0.15
    found = judged_groups(36, left, right, (labels[left] == labels[right]) ^ wrong, n_groups=3)
    for label in range(3):
        assert len(set(found.codes[labels == label])) == 1
    assert len(set(found.codes)) == 3
    assert found.kept == pytest.approx(1 - wrong.mean())
    assert found.membership.sum(axis=1) == pytest.approx(np.ones(36))


def test_a_start_is_kept_where_nothing_speaks_against_it():
    start = beliefs_of([[0], [1]], 4, 2)
    assert start[0].tolist() == pytest.approx([0.99, 0.01])
    assert start[3].tolist() == [0.5, 0.5]
    told = (np.array([2, 2]), np.array([0, 1]), np.array([False, True]))
    found = judged_groups(4, *told, n_groups=2, start=start, n_starts=1)
    assert found.codes[2] == found.codes[1] != found.codes[0]
    assert found.membership[3].tolist() == [0.5, 0.5]
    for wrong in ({"noise": 0.5}, {"n_groups": 1}, {"n_starts": 0}):
        with pytest.raises(BadInput):
            judged_groups(4, *told, **({"n_groups": 2} | wrong))
