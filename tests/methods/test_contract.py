"""What every registered method promises; a new file in engine/methods is held to it at once.

The texts and attributes are a real sample's, the models the real small ones.
"""

import dataclasses
from functools import cache

import numpy as np
import pytest

from engine.methods.registry import card, cards, create, method_key, options, options_of
from engine.normalise import load_repaired, save_repaired
from engine.resources import Resources
from engine.similarity import PairSimilarity
from engine.store import VectorStore
from engine.types import Family, Level, Scale

NAMES = [each.name for each in cards()]
CONTROLS = [name for name in NAMES if card(name).family is Family.CONTROL]
K = 5
TOLERANCE = 1e-4
CHEAP = {
    "shortlist": 2,
    "max_anchors": 3,
    "max_new_tokens": 8,
    "n_steps": 6,
    "n_rewrites": 2,
}
"""Where a method has these options: fewer pairs and steps, shorter rewrites, the same on each."""

every_method = pytest.mark.parametrize("name", NAMES)
prepares = pytest.mark.models


@pytest.fixture(scope="session")
def prepared(problems, structure, story, session_home, tmp_path_factory):
    """Prepare a method, once per way of preparing it.

    again: with an empty store, so that nothing is remembered from the first time.
    """
    order = np.random.default_rng(7).permutation(len(problems))
    shuffled = problems.subset(order)

    @cache
    def home(which):
        """A data folder that outlives the test: what one method paid for, the next one finds."""
        folder = tmp_path_factory.mktemp(f"home-{which}")
        (folder / "models").symlink_to(session_home / "models", target_is_directory=True)
        return folder

    @cache
    def prepare(name, asked="structure", corpus="as loaded", which="first"):
        texts = problems if corpus == "as loaded" else shuffled
        attribute = {"structure": structure, "story": story}[asked]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LIKEWISE_HOME", str(home(which)))
            resources = Resources(vectors=VectorStore(home(which) / "vectors.sqlite"))
            return cheap(name).prepare(texts, attribute, resources)

    prepare.order = order
    return prepare


def cheap(name):
    """The method with its defaults, but for the options that only make it cheaper."""
    known = {each.name for each in options(name)}
    return create(name, {key: value for key, value in CHEAP.items() if key in known})


def matrix(similarity):
    n = similarity.n_texts
    left, right = (side.ravel().astype(np.int64) for side in np.mgrid[0:n, 0:n])
    return similarity.pairs(left, right).reshape(n, n)


def off_diagonal(similarity):
    found = matrix(similarity)
    np.fill_diagonal(found, np.nan)
    return found


@every_method
def test_the_card_is_complete(name):
    found = card(name)
    assert found.name == name == name.lower().strip()
    assert name.replace("-", "").isalnum()
    assert found.family in Family
    assert found.level in Level
    assert found.rereads in ("nothing", "documents", "pairs")
    assert isinstance(found.tunable, bool)
    assert found.version >= 1
    assert found.about
    assert found.summary
    assert "\n" not in found.summary
    assert len(found.summary) <= 100
    assert not found.summary.endswith(".")
    assert found.paper == found.paper.strip()


@every_method
def test_the_options_are_complete(name):
    for each in options(name):
        assert each.help, each.name
        assert each.kind in (str, int, float, bool), each.name
        assert isinstance(each.default, each.kind), each.name
        assert not each.choices or each.default in each.choices, each.name


@every_method
def test_the_defaults_are_valid_and_frozen(name):
    made = create(name)
    defaults = {each.name: each.default for each in options(name)}
    assert options_of(made) == defaults
    again = create(name, defaults)
    assert again == made
    assert method_key(again) == method_key(made)
    assert type(made).__dataclass_params__.frozen
    for field in dataclasses.fields(made):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field.name, getattr(made, field.name))


@prepares
@every_method
def test_shapes_and_scale(name, prepared, problems):
    similarity = prepared(name)
    n = len(problems)
    assert isinstance(similarity.scale, Scale)
    assert similarity.n_texts == n
    nobody = np.array([], dtype=np.int64)
    values = similarity.pairs(np.array([0, 1]), np.array([2, 0]))
    assert (values.shape, values.dtype) == ((2,), np.float32)
    assert similarity.pairs(nobody, nobody).shape == (0,)
    found = similarity.neighbours(np.arange(n), K)
    assert found.rows.shape == found.similarities.shape == (n, K)
    assert (found.rows.dtype, found.similarities.dtype) == (np.int64, np.float32)
    assert similarity.neighbours(np.array([3]), n + 4).rows.shape == (1, n + 4)


@prepares
@every_method
def test_numbers_are_finite_or_nan_and_something_is_known(name, prepared):
    similarity = prepared(name)
    values = off_diagonal(similarity)
    assert not np.isinf(values).any()
    known = np.isfinite(values)
    if isinstance(similarity, PairSimilarity):
        assert known.any()
    else:
        assert known.sum() == similarity.n_texts * (similarity.n_texts - 1)
    if similarity.scale is Scale.COSINE:
        assert np.nanmax(np.abs(values)) <= 1 + TOLERANCE
    if similarity.scale is Scale.PROBABILITY:
        assert 0 <= np.nanmin(values) <= np.nanmax(values) <= 1


@prepares
@every_method
def test_neighbours_agree_with_pairs_and_never_list_the_text_itself(name, prepared):
    similarity = prepared(name)
    everyone = np.arange(similarity.n_texts)
    found = similarity.neighbours(everyone, K)
    listed = found.rows >= 0
    assert listed.any()
    np.testing.assert_array_equal(np.isfinite(found.similarities), listed)
    assert (found.rows != everyone[:, None]).all()
    anchors = np.broadcast_to(everyone[:, None], listed.shape)[listed]
    np.testing.assert_allclose(
        similarity.pairs(anchors, found.rows[listed]), found.similarities[listed], atol=TOLERANCE
    )
    best = np.sort(np.nan_to_num(off_diagonal(similarity), nan=-np.inf), axis=1)[:, ::-1][:, :K]
    np.testing.assert_allclose(found.similarities[listed], best[listed], atol=TOLERANCE)
    assert np.isneginf(best[~listed]).all()


@prepares
@every_method
def test_a_fresh_preparation_gives_the_same(name, prepared):
    first, again = prepared(name), prepared(name, which="again")
    np.testing.assert_array_equal(matrix(first), matrix(again))
    everyone = np.arange(first.n_texts)
    np.testing.assert_array_equal(
        first.neighbours(everyone, K).rows, again.neighbours(everyone, K).rows
    )


@prepares
@every_method
def test_the_order_of_rows_changes_nothing(name, prepared):
    """Pair by pair; then the lists are the same up to ties, as they agree with the pairs."""
    order = prepared.order
    first = matrix(prepared(name))[np.ix_(order, order)]
    moved = matrix(prepared(name, corpus="shuffled"))
    scale = max(1.0, float(np.nanmax(np.abs(first))))
    np.testing.assert_allclose(moved, first, atol=TOLERANCE * scale)


@prepares
@every_method
def test_it_comes_back_from_disk(name, prepared, tmp_path):
    similarity = prepared(name)
    save_repaired(similarity, tmp_path)
    loaded = load_repaired(tmp_path)
    assert (loaded.scale, loaded.n_texts) == (similarity.scale, similarity.n_texts)
    np.testing.assert_array_equal(matrix(loaded), matrix(similarity))
    everyone = np.arange(loaded.n_texts)
    np.testing.assert_array_equal(
        loaded.neighbours(everyone, K).rows, similarity.neighbours(everyone, K).rows
    )


@prepares
@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_never_sees_the_attribute(name, prepared):
    one, other = prepared(name), prepared(name, asked="story")
    np.testing.assert_array_equal(matrix(one), matrix(other))


@prepares
@pytest.mark.parametrize("name", [name for name in NAMES if name not in CONTROLS])
def test_the_ranking_changes_when_the_attribute_does(name, prepared):
    one, other = (off_diagonal(prepared(name, asked=asked)) for asked in ("structure", "story"))
    np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
    known = np.isfinite(one)
    ranks = [np.argsort(values[known], kind="stable") for values in (one, other)]
    assert (ranks[0] != ranks[1]).any()
