"""The order in which nnU-Net paints regions, and the value of each.

``LabelManager.convert_probabilities_to_segmentation`` paints them one after the other, in the order
of ``labels``, with the values of ``regions_class_order``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence


def larger_first(regions: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """Return labels and regions from large to small: nnU-Net paints them in this order."""
    return {name: tuple(own) for name, own in sorted(regions.items(), key=lambda r: -len(r[1]))}


def own_values(regions: Mapping[str, Collection[int]]) -> dict[str, int | None]:
    """Return for each region its lowest value that no later region paints over, or None.

    A value that no other region has is preferred to one that an earlier region shares.
    """
    amounts = Counter(value for values in regions.values() for value in set(values))
    own: dict[str, int | None] = {}
    later: set[int] = set()
    for name, values in reversed(list(regions.items())):
        left = set(values) - later
        own[name] = min(left, key=lambda value: (amounts[value] > 1, value), default=None)
        later.update(values)
    return {name: own[name] for name in regions}


def class_order(regions: Mapping[str, Collection[int]]) -> list[int]:
    """Return ``regions_class_order`` for regions that are listed from large to small.

    A region whose values all belong to later ones is painted over as a whole, so any value will do.
    ``label_problems`` checks whether the masks are as declared.
    """
    own = own_values(regions)
    pairs = ((own[name], values) for name, values in regions.items())
    return [min(values) if value is None else value for value, values in pairs]
