"""What a phantom must look like for a model: its size, spacing, orientation and intensities.

A wrong or missing entry of the plans is replaced by a usual one: nnU-Net then says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...models.trainer_folder import TrainerFolder
from ...nnunet.orientation import ORIENTATIONS, SCT_DEFAULT
from ...nnunet.plans import resolve

#: Sides of its voxels, as a part of those of the plans: it is resampled, to less than a patch.
_FINER = 0.9
#: Voxels along an axis, and slices of a 2D model.
_SIDES, _SLICES = (16, 320), 5
_MAX_CHANNELS = 16


def phantom_for(trainer: TrainerFolder | None) -> dict[str, Any]:
    """Return the shape (voxels), spacing (mm), orientation and channels of a phantom.

    Shape and spacing are along x, y, z; it is one patch of the network, so that it is quick.
    """
    dataset = (trainer.dataset.object if trainer and trainer.dataset else None) or {}
    plans = (trainer.plans.object if trainer and trainer.plans else None) or {}
    found = resolve(plans, trainer.configuration or "") if trainer else {}
    configuration = found if isinstance(found, dict) else {}
    patch = _numbers(configuration.get("patch_size"), (2, 3)) or [48, 48]
    spacing = _numbers(configuration.get("spacing"), (2, 3)) or [1.0, 1.0]
    if len(patch) != len(spacing):
        spacing = [1.0] * len(patch)
    if len(patch) == 2:
        median = _numbers(plans.get("original_median_spacing_after_transp"), (3,))
        patch, spacing = [_SLICES, *patch], [median[0] if median else 3.0, *spacing]
    back = plans.get("transpose_backward")
    order = back if isinstance(back, list) and sorted(map(str, back)) == ["0", "1", "2"] else None
    axes = [int(k) for k in order or (0, 1, 2)]
    orientation = dataset.get("image_orientation")
    least = _SLICES if patch[0] == _SLICES else _SIDES[0]
    sides = [max(least, min(_SIDES[1], round(patch[k]))) for k in axes]
    return {
        "shape": sides[::-1],
        "spacing": [round(_FINER * max(0.01, min(20.0, spacing[k])), 4) for k in axes][::-1],
        "orientation": orientation if orientation in ORIENTATIONS else SCT_DEFAULT,
        "channels": list(_channels(plans, trainer.channels if trainer else 1)),
    }


def _numbers(value: Any, lengths: Sequence[int]) -> list[float] | None:
    if not isinstance(value, list) or len(value) not in lengths:
        return None
    good = all(isinstance(n, int | float) and 0 < n < 1e6 for n in value)
    return [float(n) for n in value] if good else None


def _channels(plans: Mapping[str, Any], number: int | None) -> list[dict[str, float]]:
    key = "foreground_intensity_properties_per_channel"
    held = plans.get(key) or plans.get("foreground_intensity_properties_by_modality")
    held = held if isinstance(held, dict) else {}
    return [_channel(held.get(str(k))) for k in range(max(1, min(_MAX_CHANNELS, number or 1)))]


def _channel(held: Any) -> dict[str, float]:
    values = [held.get(name) if isinstance(held, dict) else None for name in ("mean", "std")]
    mean, std = (v if isinstance(v, int | float) and abs(v) < 1e9 else None for v in values)
    if mean is None or not std or std <= 0:
        return {"mean": 150.0, "std": 30.0}
    return {"mean": float(mean), "std": float(std)}
