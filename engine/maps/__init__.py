"""Maps of texts, drawn from the neighbour graph so that every method has one.

A method that can only score pairs still lists neighbours, and its map is drawn from those alone.
Maps of several methods are laid side by side: each starts from the reference map, settles on its
own graph, and is then turned (never bent) to match, so the same text sits in about the same place
wherever the method allows it. `alignment` says how far it does.
"""

from engine.maps.aligning import Alignment, align, alignment
from engine.maps.communities import clusters
from engine.maps.drawing import MapLayout, layout, side_by_side, warm_up

__all__ = [
    "Alignment",
    "MapLayout",
    "align",
    "alignment",
    "clusters",
    "layout",
    "side_by_side",
    "warm_up",
]
