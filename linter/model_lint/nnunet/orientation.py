"""SCT's orientation codes: three letters that name the side where each axis comes *from*.

SCT's ``RPI`` (from right, posterior, inferior) is nibabel's ``LAS`` (to left, anterior, superior).
"""

from __future__ import annotations

from itertools import permutations, product

#: The two ends of each of the three axes.
AXES = ("RL", "AP", "IS")
#: The 48 codes: one letter of each axis, in any order.
ORIENTATIONS = tuple("".join(letters) for axes in permutations(AXES) for letters in product(*axes))
#: What SCT uses if ``dataset.json`` has no ``image_orientation`` (deepseg/inference.py).
SCT_DEFAULT = "LPI"
