"""What the linked maps send to the browser, without a browser."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput
from pages.parts.linked_maps.model import MapColours, MapPanel, check_rows, check_sizes
from pages.parts.linked_maps.payload import pack, pack_positions, pack_texts

DTYPES = {"f4": np.float32, "i2": np.int16, "i4": np.int32, "u1": np.uint8}


def unpack(message: bytes) -> tuple[dict, dict]:
    """The header and arrays, read as the browser reads them."""
    length = int.from_bytes(message[:4], "little")
    header = json.loads(message[4 : 4 + length])
    start = -(-(4 + length) // 8) * 8
    arrays = {
        name: np.frombuffer(message, DTYPES[at["type"]], at["length"], start + at["at"])
        for name, at in header["arrays"].items()
    }
    return header, arrays


def texts_of(arrays: dict, name: str) -> list[str]:
    starts = [0, *(arrays[f"{name}_ends"][:-1] + 1)]
    pieces = zip(starts, arrays[f"{name}_ends"], strict=True)
    return [arrays[name][start:end].tobytes().decode() for start, end in pieces]


def test_arrays_of_any_type_come_back_aligned() -> None:
    sent = {
        "a": np.array([1, 2, 3], np.uint8),
        "b": np.array([1.5, np.nan], np.float32),
        "c": np.array([-1], np.int16),
        "d": np.array([], np.int32),
    }
    header, arrays = unpack(pack({"kind": "view", "title": "é"}, sent))
    assert header["title"] == "é"
    assert [place["at"] % 8 for place in header["arrays"].values()] == [0, 0, 0, 0]
    for name, array in sent.items():
        np.testing.assert_array_equal(arrays[name], array)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_texts_come_back_whatever_their_characters(texts: list[str]) -> None:
    _, message = pack_texts(tuple(texts), tuple(texts))
    _, arrays = unpack(message)
    assert texts_of(arrays, "snippets") == [text.replace("\0", " ") for text in texts]


def test_half_a_surrogate_pair_does_not_stop_the_maps() -> None:
    _, message = pack_texts(("a", "b"), ("x\ud83d", "y"))
    assert texts_of(unpack(message)[1], "snippets") == ["x?", "y"]


def test_keys_follow_the_content_and_only_the_content() -> None:
    one, other = np.zeros((2, 2), np.float32), np.ones((2, 2), np.float32)
    first = pack_positions([MapPanel("a", "", one), MapPanel("b", "", None)])
    renamed = pack_positions([MapPanel("z", "1 s", one.copy()), MapPanel("b", "", None)])
    finished = pack_positions([MapPanel("a", "", one), MapPanel("b", "", other)])
    assert first == renamed
    assert finished[0] != first[0]
    assert (finished[1][0], first[1][1]) == (first[1][0], None)
    assert pack_texts(("ab",), ("c",))[0] != pack_texts(("a",), ("bc",))[0]


def test_value_bounds_leave_out_missing_values() -> None:
    values = np.array([np.nan, 3.0, -1.0], np.float32)
    assert MapColours("value", values).bounds == (-1.0, 3.0)
    assert MapColours("value", values, low=0.0, high=1.0).bounds == (0.0, 1.0)
    assert MapColours("value", np.full(2, np.nan, np.float32)).bounds == (0.0, 1.0)


def test_a_code_without_a_name_is_refused() -> None:
    with pytest.raises(BadInput, match=r"from -1 to 2, but there are 2 names"):
        MapColours("category", np.array([-1, 2], np.int16), ("a", "b"))


def test_sizes_and_rows_that_do_not_fit_are_refused() -> None:
    panel = MapPanel("one-word", "", np.zeros((2, 2), np.float32))
    check_sizes([panel], ["a", "b"], ["x", "y"], None)
    with pytest.raises(BadInput, match=r"'one-word' has positions of shape \(2, 2\)"):
        check_sizes([panel], ["a"], ["x"], None)
    with pytest.raises(BadInput, match="5 maps"):
        check_sizes([panel] * 5, ["a", "b"], ["x", "y"], None)
    with pytest.raises(BadInput, match="1 snippets but 2 ids"):
        check_sizes([panel], ["a", "b"], ["x"], None)
    with pytest.raises(BadInput, match="selected row 2 is not"):
        check_rows([2], 2, "The selected")
