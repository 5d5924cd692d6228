"""The registry: cards, options from dataclass fields, checked values, keys."""

from dataclasses import dataclass
from typing import Literal

import pytest

from engine.errors import BadInput, UnknownName
from engine.methods import registry
from engine.methods.registry import (
    card,
    cards,
    create,
    method,
    method_key,
    name_of,
    option,
    options,
    options_of,
)
from engine.types import Family, Level


@pytest.fixture
def register(monkeypatch):
    """Register methods for one test only."""
    cards()
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    monkeypatch.setattr(registry, "_cards", dict(registry._cards))
    return lambda name, **more: method(
        name,
        **{
            "family": Family.LEXICAL,
            "level": Level.FREE,
            "rereads": "nothing",
            "summary": "for a test",
            **more,
        },
    )


@pytest.fixture
def toy(register):
    @register("toy")
    @dataclass(frozen=True, slots=True)
    class Toy:
        """A toy, on
        two lines."""

        flag: bool = option(True, "a switch")
        size: int = option(3, "a count", low=1, high=9)
        share: float = option(0.5, "a share", low=0, high=1)
        kind: Literal["plain", "fancy"] = option("plain", "a choice")
        note: str = option("", "some words")

    return Toy


def test_controls_come_first_then_levels_in_order():
    listed = cards()
    blind = [each.family is Family.CONTROL for each in listed]
    assert blind == sorted(blind, reverse=True)
    rest = [(each.level.value, each.name) for each in listed if each.family is not Family.CONTROL]
    assert rest == sorted(rest)


def test_the_card_takes_its_about_from_the_docstring(toy):
    assert card("toy").about == "A toy, on two lines."
    assert card("toy") in cards()


def test_options_are_the_fields(toy):
    found = {each.name: each for each in options("toy")}
    assert list(found) == ["flag", "size", "share", "kind", "note"]
    assert (found["size"].kind, found["size"].low, found["size"].high) == (int, 1, 9)
    assert (found["kind"].kind, found["kind"].choices) == (str, ("plain", "fancy"))
    assert found["share"].help == "a share"


def test_an_unknown_method_suggests_the_nearest():
    with pytest.raises(UnknownName, match=r"'randm'\. Did you mean 'random'\? Known: .*tfidf"):
        create("randm")
    with pytest.raises(UnknownName, match="randm"):
        card("randm")
    with pytest.raises(UnknownName, match="randm"):
        options("randm")


def test_an_unknown_option_suggests_the_nearest(toy):
    with pytest.raises(UnknownName, match=r"option of toy is called 'siz'\. Did you mean 'size'"):
        create("toy", {"siz": 2})


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("size", "4", 4),
        ("size", 4.0, 4),
        ("size", 9, 9),
        ("share", 1, 1.0),
        ("share", "0.25", 0.25),
        ("flag", "no", False),
        ("flag", "True", True),
        ("flag", False, False),
        ("kind", "fancy", "fancy"),
        ("note", 5, "5"),
    ],
)
def test_values_are_read_as_the_field_says(toy, name, given, kept):
    found = options_of(create("toy", {name: given}))[name]
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("size", "many", "wants int, not 'many'"),
        ("size", 2.7, "wants int, not 2.7"),
        ("size", True, "wants int, not True"),
        ("size", 10, r"must lie in 1 … 9, not 10"),
        ("share", float("nan"), "must lie in 0 … 1, not nan"),
        ("share", "-0.1", "must lie in 0 … 1"),
        ("kind", "odd", "can't be 'odd'. Allowed: plain, fancy"),
        ("flag", "maybe", "wants bool, not 'maybe'"),
        ("flag", 2, "wants bool, not 2"),
    ],
)
def test_values_that_are_not_allowed_are_refused(toy, name, given, message):
    with pytest.raises(BadInput, match=message):
        create("toy", {name: given})


def test_an_instance_knows_its_name(toy):
    assert name_of(create("toy")) == "toy"
    with pytest.raises(BadInput, match="str is no registered method"):
        name_of("toy")


def test_two_modules_cannot_share_a_name(register):
    @dataclass(frozen=True, slots=True)
    class Usurper:
        """Not the real one."""

    with pytest.raises(BadInput, match="Two methods are called 'random'"):
        register("random")(Usurper)


def test_the_key_holds_every_option_and_the_version(register, toy):
    keys = {
        method_key(create("toy", values))
        for values in ({}, {"flag": False}, {"size": 4}, {"kind": "fancy"}, {"note": "x"})
    }
    assert len(keys) == 5
    before = method_key(create("toy"))
    assert before == method_key(create("toy", {"size": "3", "share": "0.5"}))
    register("toy", version=2)(toy)
    assert method_key(create("toy")) != before


@pytest.mark.parametrize("given", [3, "3", 3.0])
def test_the_same_value_typed_otherwise_is_the_same_key(toy, given):
    assert method_key(create("toy", {"size": given})) == method_key(create("toy"))
