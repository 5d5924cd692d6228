"""Packs what the browser draws into messages of raw bytes.

A message is [uint32 header length][JSON header][padding to 8][arrays]. Texts and positions are
messages of their own: they stay the same when the selection changes, so Streamlit sends them once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pages.parts.linked_maps.model import MapColours, MapPanel

Array = npt.NDArray[Any]
_ALIGNMENT = 8


def pack(header: Mapping[str, object], arrays: Mapping[str, Array]) -> bytes:
    """One message; the header gains the place of each array.

    Args:
        header: what the browser reads first; must be JSON.
        arrays: float32, int32, int16 or uint8, by name.

    Example:
        >>> message = pack({"kind": "x"}, {"a": np.zeros(3, np.float32)})
        >>> message[4:14], len(message) % 8
        (b'{"kind":"x', 0)
    """
    places: dict[str, dict[str, object]] = {}
    chunks: list[bytes] = []
    at = 0
    for name, array in arrays.items():
        data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        places[name] = {"type": array.dtype.str[1:], "at": at, "length": array.size}
        chunks.append(_padded(data))
        at += len(chunks[-1])
    head = json.dumps({**header, "arrays": places}, separators=(",", ":")).encode()
    return _padded(len(head).to_bytes(4, "little") + head) + b"".join(chunks)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNMENT)


def _key(*arrays: Array) -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:20]


def _text_arrays(name: str, texts: Sequence[str]) -> dict[str, Array]:
    """The texts' UTF-8 in one array, each closed by a NUL, and where each one ends.

    One join and one encoding: encoding text by text takes several times as long.
    """
    joined = "\0".join([*texts, ""])
    if joined.count("\0") != len(texts):
        joined = "\0".join([*(text.replace("\0", " ") for text in texts), ""])
    encoded = np.frombuffer(joined.encode("utf-8", errors="replace"), np.uint8)
    return {name: encoded, f"{name}_ends": np.flatnonzero(encoded == 0).astype(np.int32)}


@lru_cache(maxsize=2)
def pack_texts(ids: tuple[str, ...], snippets: tuple[str, ...]) -> tuple[str, bytes]:
    """Content key and message of the ids and snippets; kept for the next rerun."""
    arrays = _text_arrays("ids", ids) | _text_arrays("snippets", snippets)
    key = _key(*arrays.values())
    return key, pack({"kind": "texts", "key": key}, arrays)


def pack_positions(panels: Sequence[MapPanel]) -> tuple[str, tuple[str | None, ...], bytes]:
    """Content key of all maps, content key of each (None = no map yet), and the message."""
    arrays: dict[str, Array] = {}
    keys: list[str | None] = []
    for i, panel in enumerate(panels):
        if panel.positions is None:
            keys.append(None)
            continue
        positions = np.ascontiguousarray(panel.positions, dtype=np.float32)
        arrays[f"map_{i}"] = positions.reshape(-1)
        keys.append(_key(positions))
    key = hashlib.sha1(repr(keys).encode(), usedforsecurity=False).hexdigest()[:20]
    return key, tuple(keys), pack({"kind": "positions", "key": key}, arrays)


def colour_arrays(colours: MapColours | None) -> tuple[dict[str, object], dict[str, Array]]:
    """What the header says of the colours, and the codes or values."""
    if colours is None:
        return {"kind": "plain", "key": "plain"}, {}
    kind = np.int16 if colours.kind == "category" else np.float32
    codes = np.ascontiguousarray(colours.codes, dtype=kind)
    low, high = colours.bounds
    described: dict[str, object] = {
        "kind": colours.kind,
        "names": list(colours.names),
        "label": colours.label,
        "low": low,
        "high": high,
    }
    named = np.frombuffer(json.dumps(described).encode(), np.uint8)
    return described | {"key": _key(codes, named)}, {"codes": codes}
