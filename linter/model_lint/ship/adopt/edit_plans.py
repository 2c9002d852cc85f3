"""Edit ``plans.json``: write the network in today's format."""

from __future__ import annotations

from typing import Any

from ...nnunet.networks import NETWORKS, OLD_KEYS, described_network, network
from ...nnunet.plans import resolve
from .changes import Edit

_MODULE = "dynamic_network_architectures.architectures.unet"
_IMPORTED = ["conv_op", "norm_op", "dropout_op", "nonlin"]


def edited(plans: dict[str, Any]) -> tuple[dict[str, Any], list[Edit]]:
    """Return the plans in the format of nnU-Net 2.3.1 and later, and the edits.

    The network is the same: it is what nnU-Net makes of the old format each time it loads it
    (``ConfigurationManager``, plans_handler.py). Nothing is done if a configuration has only some
    of the old keys, since another one inherits them.
    """
    configurations = plans.get("configurations")
    if not isinstance(configurations, dict):
        return plans, []
    old = [name for name, one in configurations.items() if _is_old(one)]
    if not old or any(_is_partly_old(one) for one in configurations.values()):
        return plans, []
    written = {name: _architecture(plans, name) for name in old}
    if None in written.values():
        return plans, []
    new = {name: dict(one) for name, one in configurations.items()}
    for name, architecture in written.items():
        for key in OLD_KEYS:
            del new[name][key]
        new[name]["architecture"] = architecture
    text = f"the network of {', '.join(old)} is described in today's format; it is the same network"
    return {**plans, "configurations": new}, [Edit(text, ("P004",))]


def _is_old(configuration: object) -> bool:
    return isinstance(configuration, dict) and (
        "architecture" not in configuration and all(key in configuration for key in OLD_KEYS)
    )


def _is_partly_old(configuration: object) -> bool:
    return not isinstance(configuration, dict) or (
        not _is_old(configuration) and any(key in configuration for key in OLD_KEYS)
    )


def _architecture(plans: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Return the network as nnU-Net describes it today; None if it is not certain."""
    resolved = resolve(plans, name)
    if isinstance(resolved, str) or (built := network(resolved)) is None:
        return None
    kind, kwargs = described_network(resolved)
    if kind not in NETWORKS:
        return None
    described = {
        "network_class_name": f"{_MODULE}.{kind}",
        "arch_kwargs": {
            **kwargs,
            "conv_op": f"torch.nn.modules.conv.Conv{built.dimensions}d",
            "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{built.dimensions}d",
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": _IMPORTED,
    }
    again = network({**resolved, "architecture": described})
    return described if again == built else None
