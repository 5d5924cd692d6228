"""The tree of errors: one root, and messages that say what to do."""

import inspect

import pytest

from engine import errors
from engine.errors import BadInput, LikewiseError, UnknownName


def test_every_error_hangs_from_one_root_and_is_drawn_in_the_tree():
    made = {
        name: each
        for name, each in vars(errors).items()
        if inspect.isclass(each) and issubclass(each, Exception)
    }
    assert all(issubclass(each, LikewiseError) for each in made.values())
    drawn = {line.strip("│├└─ ").split(" ")[0] for line in (errors.__doc__ or "").splitlines()}
    assert set(made) - drawn == set()


def test_an_unknown_name_suggests_and_lists_in_order():
    error = UnknownName("method", "tfdif", ["random", "tfidf"])
    assert str(error) == "No method is called 'tfdif'. Did you mean 'tfidf'? Known: random, tfidf."
    assert isinstance(error, BadInput)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ([], "No job is called 'x'. Known: none."),
        (iter(["bbbb", "aaaa"]), "No job is called 'x'. Known: aaaa, bbbb."),
    ],
)
def test_an_unknown_name_far_from_all_others_suggests_none(known, message):
    assert str(UnknownName("job", "x", known)) == message
