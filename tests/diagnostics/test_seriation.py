import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.seriation import judged_matrix
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput


def all_pairs(codes):
    left, right = np.triu_indices(len(codes), 1)
    return PairTruth(left, right, codes[left] == codes[right], "labels")


def test_two_kinds_become_two_blocks():
    found = judged_matrix(all_pairs(np.array([0, 1, 0, 1, 0, 1])))
    kinds = [row % 2 for row in found.rows.tolist()]
    assert kinds in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    assert found.verdicts[:3, :3].sum() == 6
    assert (found.verdicts[:3, 3:] == -1).all()


def test_verdicts_by_hand():
    # 4 and 7 the same; 4 and 9 different; 7 and 9 judged both ways.
    truth = PairTruth(
        np.array([4, 9, 7, 9]), np.array([7, 4, 9, 7]), np.array([True, False, True, False]), "me"
    )
    found = judged_matrix(truth)
    at = {row: place for place, row in enumerate(found.rows.tolist())}
    assert found.verdicts[at[4], at[7]] == found.verdicts[at[7], at[4]] == 1
    assert found.verdicts[at[4], at[9]] == -1
    assert found.verdicts[at[7], at[9]] == 0


@given(st.lists(st.integers(0, 3), min_size=2, max_size=15))
def test_every_text_stands_once_and_the_matrix_is_symmetric(codes):
    found = judged_matrix(all_pairs(np.array(codes)))
    assert sorted(found.rows.tolist()) == list(range(len(codes)))
    assert (found.verdicts == found.verdicts.T).all()


def test_the_most_judged_are_kept_and_nothing_is_refused():
    truth = PairTruth(np.array([0, 0, 0, 5]), np.array([1, 2, 1, 6]), np.ones(4, bool), "me")
    assert judged_matrix(truth, max_texts=2).rows.tolist() in ([0, 1], [1, 0])
    with pytest.raises(BadInput, match="at least 1 and 2"):
        judged_matrix(truth.where(np.zeros(4, bool)))
