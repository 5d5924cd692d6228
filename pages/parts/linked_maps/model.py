"""What a page gives the linked maps, and what it gets back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.errors import BadInput
from engine.types import Floats

MAX_PANELS = 4


@dataclass(frozen=True, slots=True)
class MapPanel:
    """One map: a method and where it places the texts.

    positions: (n, 2) float32; a row with NaN = not placed; None = no map yet (say why in the
        subtitle).
    """

    title: str
    subtitle: str
    positions: Floats | None


@dataclass(frozen=True, slots=True)
class MapColours:
    """The colour of each text, the same in all maps.

    kind: 'category' (codes are positions in names, -1 = none) or 'value' (NaN = none).
    codes: (n,) int16 categories or float32 values.
    names: the categories' names; empty for values.
    label: what the colours show, for the legend.
    low, high: values at the two ends of the scale; None = the smallest and largest value.
    """

    kind: Literal["category", "value"]
    codes: npt.NDArray[Any]
    names: tuple[str, ...] = ()
    label: str = ""
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Refuse codes that have no name."""
        if self.kind not in ("category", "value"):
            raise BadInput(f"Colours can't be of kind {self.kind!r}. Allowed: category, value.")
        if self.kind == "category" and self.codes.size:
            smallest, largest = int(self.codes.min()), int(self.codes.max())
            if smallest < -1 or largest >= len(self.names):
                raise BadInput(
                    f"Category codes go from {smallest} to {largest}, but there are "
                    f"{len(self.names)} names. Allowed: -1 (none) to {len(self.names) - 1}."
                )

    @property
    def bounds(self) -> tuple[float, float]:
        """The two ends of the value scale.

        Example:
            >>> MapColours("value", np.array([2.0, np.nan, 5.0]), high=9.0).bounds
            (2.0, 9.0)
        """
        known = self.codes[np.isfinite(self.codes)]
        smallest, largest = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        low = smallest if self.low is None else float(self.low)
        high = largest if self.high is None else float(self.high)
        return low, high


@dataclass(frozen=True, slots=True)
class MapEvent:
    """What is selected: one text, and a group marked with the lasso."""

    selected_row: int | None
    group_rows: tuple[int, ...]


def check_sizes(
    panels: Sequence[MapPanel],
    ids: Sequence[str],
    snippets: Sequence[str],
    colours: MapColours | None,
) -> None:
    """Everything must speak of the same n texts.

    Raises:
        BadInput: too few or many panels, or a length that is not n.
    """
    n = len(ids)
    if not 1 <= len(panels) <= MAX_PANELS:
        raise BadInput(f"{len(panels)} maps can't be shown together. Allowed: 1 to {MAX_PANELS}.")
    if len(snippets) != n:
        raise BadInput(f"There are {len(snippets)} snippets but {n} ids; give one a text.")
    for panel in panels:
        if panel.positions is not None and panel.positions.shape != (n, 2):
            raise BadInput(
                f"The map {panel.title!r} has positions of shape {panel.positions.shape}; "
                f"{n} texts need ({n}, 2)."
            )
    if colours is not None and colours.codes.shape != (n,):
        raise BadInput(f"Colours have shape {colours.codes.shape}; {n} texts need ({n},).")


def check_rows(rows: Sequence[int], n: int, what: str) -> None:
    """Rows must be positions of texts.

    Raises:
        BadInput: a row below 0 or not below n.
    """
    array = np.asarray(rows, dtype=np.int64)
    if array.size and (array.min() < 0 or array.max() >= n):
        bad = int(array[(array < 0) | (array >= n)][0])
        raise BadInput(f"{what} row {bad} is not a text of this corpus. Allowed: 0 to {n - 1}.")
