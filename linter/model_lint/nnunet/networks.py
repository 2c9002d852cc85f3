"""The networks that ``plans.json`` describes: names and shapes of all their weights.

The facts are those of ``dynamic_network_architectures`` 0.2 to 0.4, which builds the networks, and
of nnU-Net's ``ConfigurationManager``, which translates plans written before 2.3.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

#: Keys of a configuration that describe the network in plans written before nnU-Net 2.3.1.
OLD_KEYS = (
    "UNet_class_name",
    "UNet_base_num_features",
    "n_conv_per_stage_encoder",
    "n_conv_per_stage_decoder",
    "num_pool_per_axis",
    "pool_op_kernel_sizes",
    "conv_kernel_sizes",
    "unet_max_num_features",
)
NETWORKS = ("PlainConvUNet", "ResidualEncoderUNet")
#: Arguments that change the network, and that no planner of nnU-Net sets.
_UNUSUAL = ("stem_channels", "bottleneck_channels", "block")
#: Activations without weights.
_ACTIVATIONS = frozenset({"LeakyReLU", "ReLU", "ReLU6", "ELU", "GELU", "SiLU", "Mish"})
_AFFINE = ("weight", "bias")
#: The tensor that torch fills in if it is missing.
BATCHES = "num_batches_tracked"
_RUNNING = ("running_mean", "running_var", BATCHES)
_NORM_ARGUMENTS = frozenset({"eps", "momentum", "affine", "track_running_stats"})

Shape = tuple[int, ...]


class Unit(NamedTuple):
    """The modules of ``ConvDropoutNormReLU`` in addition to its convolution."""

    #: Whether the convolution has a bias.
    bias: bool
    #: The tensors of the normalisation, one number per channel; None without a normalisation.
    norm: tuple[str, ...] | None
    dropout: bool
    activation: bool
    #: Whether the activation comes before the normalisation.
    activation_first: bool

    def modules(self, *, bare: bool) -> list[str]:
        """Return the modules in their order; a bare unit has no dropout and no activation."""
        norm = ["norm"] if self.norm is not None else []
        activation = ["nonlin"] if self.activation and not bare else []
        tail = activation + norm if self.activation_first else norm + activation
        return ["conv", *(["dropout"] if self.dropout and not bare else []), *tail]


class Network(NamedTuple):
    """The network that a configuration describes, if it is one of nnU-Net's two U-Nets.

    Sizes are per stage, from the input down to the bottleneck; kernels and strides per axis.
    """

    name: str
    features: tuple[int, ...]
    kernels: tuple[Shape, ...]
    strides: tuple[Shape, ...]
    #: Convolutions (PlainConvUNet) or blocks (ResidualEncoderUNet) of each stage of the encoder,
    #: and convolutions of each stage of the decoder from the bottom up.
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    #: None if it is not certain; then only the weights of the convolutions are known.
    unit: Unit | None = None

    @property
    def dimensions(self) -> int:
        """The number of dimensions, 2 or 3."""
        return len(self.strides[0])

    def weights(self, channels: int, heads: int) -> dict[str, Shape]:
        """Return the shape of each tensor by its name in the network's ``state_dict``.

        ``channels`` is the number of input channels, ``heads`` of output channels. Most tensors
        have several names: of the encoder (which the decoder contains too) and of each unit (which
        lists its modules a second time). If `unit` is not certain, only the weights of the
        convolutions are returned, each by its first name.
        """
        encoder = dict(self._encoder(channels))
        if self.unit is None:
            return encoder | dict(self._decoder(heads))
        again = {f"decoder.{name}": shape for name, shape in encoder.items()}
        return encoder | again | dict(self._decoder(heads))

    def _encoder(self, channels: int) -> Iterator[tuple[str, Shape]]:
        if self.name == "ResidualEncoderUNet":
            stem = (self.features[0], channels, *self.kernels[0])
            yield from self._unit("encoder.stem.convs.0", stem)
            channels = self.features[0]
        for stage, (features, kernel) in enumerate(zip(self.features, self.kernels, strict=True)):
            for index in range(self.encoder[stage]):
                at = f"encoder.stages.{stage}"
                shape = (features, channels if index == 0 else features, *kernel)
                if self.name == "PlainConvUNet":
                    yield from self._unit(f"{at}.0.convs.{index}", shape)
                else:
                    strided = index == 0 and any(step != 1 for step in self.strides[stage])
                    yield from self._block(f"{at}.blocks.{index}", shape, strided=strided)
            channels = features

    def _block(self, at: str, shape: Shape, *, strided: bool) -> Iterator[tuple[str, Shape]]:
        """Yield a residual block: two units, and one of 1 x 1 if the features change."""
        features, channels, *kernel = shape
        yield from self._unit(f"{at}.conv1", shape)
        yield from self._unit(f"{at}.conv2", (features, features, *kernel), bare=True)
        if features != channels:
            ones = (features, channels, *self._ones)
            # A pooling without weights comes first if the block has a stride.
            yield from self._unit(f"{at}.skip.{int(strided)}", ones, bare=True, bias=False)

    def _decoder(self, heads: int) -> Iterator[tuple[str, Shape]]:
        for step, amount in enumerate(self.decoder):
            stage = len(self.features) - 2 - step
            below, here = self.features[stage + 1], self.features[stage]
            up = f"decoder.transpconvs.{step}"
            yield f"{up}.weight", (below, here, *self.strides[stage + 1])
            if self.unit and self.unit.bias:
                yield f"{up}.bias", (here,)
            for index in range(amount):
                shape = (here, here if index else 2 * here, *self.kernels[stage])
                yield from self._unit(f"decoder.stages.{step}.convs.{index}", shape)
            yield f"decoder.seg_layers.{step}.weight", (heads, here, *self._ones)
            if self.unit:
                yield f"decoder.seg_layers.{step}.bias", (heads,)

    def _unit(
        self, at: str, shape: Shape, *, bare: bool = False, bias: bool = True
    ) -> Iterator[tuple[str, Shape]]:
        if self.unit is None:
            yield f"{at}.conv.weight", shape
            return
        with_bias = bias and self.unit.bias
        for index, module in enumerate(self.unit.modules(bare=bare)):
            names: Iterable[str] = ()
            if module == "conv":
                names = _AFFINE if with_bias else ("weight",)
            elif module == "norm":
                names = self.unit.norm or ()
            for name in names:
                own = shape if (module, name) == ("conv", "weight") else shape[:1]
                own = () if name == BATCHES else own
                yield f"{at}.{module}.{name}", own
                yield f"{at}.all_modules.{index}.{name}", own

    @property
    def _ones(self) -> Shape:
        return (1,) * self.dimensions


def network(configuration: Mapping[str, Any]) -> Network | None:
    """Return the network of a resolved configuration, None if it is not fully described."""
    name, kwargs = described_network(configuration)
    if name not in NETWORKS or any(kwargs.get(key) for key in _UNUSUAL):
        return None
    features = kwargs.get("features_per_stage")
    kernels = per_axis(kwargs.get("kernel_sizes"))
    strides = per_axis(kwargs.get("strides"))
    if not integers(features) or kernels is None or strides is None:
        return None
    if not len(features) == len(kernels) == len(strides) or not 2 <= len(features) < 100:
        return None
    if len({len(part) for part in (*kernels, *strides)}) != 1:
        return None
    own = "n_conv_per_stage" if name == "PlainConvUNet" else "n_blocks_per_stage"
    encoder = _amounts(kwargs.get(own), len(features))
    decoder = _amounts(kwargs.get("n_conv_per_stage_decoder"), len(features) - 1)
    if encoder is None or decoder is None:
        return None
    return Network(name, tuple(features), kernels, strides, encoder, decoder, _of_unit(kwargs))


def _amounts(value: object, stages: int) -> tuple[int, ...] | None:
    """Return the number of convolutions of each stage; a single number is for all of them."""
    every = [value] * stages if isinstance(value, int) else value
    if not integers(every) or len(every) != stages or not all(0 < n < 100 for n in every):
        return None
    return tuple(every)


def _of_unit(kwargs: Mapping[str, Any]) -> Unit | None:
    bias, dropout = kwargs.get("conv_bias", False), kwargs.get("dropout_op")
    activation, norm = kwargs.get("nonlin"), kwargs.get("norm_op")
    first = kwargs.get("nonlin_first", False)
    if not isinstance(bias, bool) or not isinstance(first, bool):
        return None
    if activation is not None and _class(activation) not in _ACTIVATIONS:
        return None
    kept = None
    if norm is not None and (kept := _of_norm(_class(norm), kwargs.get("norm_op_kwargs"))) is None:
        return None
    activated = activation is not None
    return Unit(bias, kept, dropout is not None, activated, activated and first)


def _of_norm(name: str, kwargs: object) -> tuple[str, ...] | None:
    """Return the tensors of a normalisation of torch, None if they are not certain."""
    kwargs = {} if kwargs is None else kwargs
    if not isinstance(kwargs, dict) or kwargs.keys() - _NORM_ARGUMENTS:
        return None
    kind = name[:-2] if name.endswith(("1d", "2d", "3d")) else ""
    if kind not in {"InstanceNorm", "BatchNorm"}:
        return None
    default = kind == "BatchNorm"
    affine, running = kwargs.get("affine", default), kwargs.get("track_running_stats", default)
    return (_AFFINE if affine else ()) + (_RUNNING if running else ())


def _class(path: object) -> str:
    return path.rpartition(".")[2] if isinstance(path, str) else ""


def described_network(configuration: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the class name and the arguments of the network, translating the old format."""
    described = configuration.get("architecture")
    if isinstance(described, dict):
        kwargs = described.get("arch_kwargs")
        name = str(described.get("network_class_name")).rpartition(".")[2]
        return name, kwargs if isinstance(kwargs, dict) else {}
    if described is not None or any(key not in configuration for key in OLD_KEYS):
        return "", {}
    base, limit = configuration["UNet_base_num_features"], configuration["unet_max_num_features"]
    stages = configuration["n_conv_per_stage_encoder"]
    if not integers([base, limit]) or not integers(stages) or len(stages) > 32:
        return "", {}
    name = str(configuration["UNet_class_name"])
    patch = configuration.get("patch_size")
    dimensions = len(patch) if isinstance(patch, list) else 0
    return name, {
        "features_per_stage": [min(base * 2**stage, limit) for stage in range(len(stages))],
        "kernel_sizes": configuration["conv_kernel_sizes"],
        "strides": configuration["pool_op_kernel_sizes"],
        "n_stages": len(stages),
        "n_blocks_per_stage" if name == "ResidualEncoderUNet" else "n_conv_per_stage": stages,
        "n_conv_per_stage_decoder": configuration["n_conv_per_stage_decoder"],
        "conv_op": f"Conv{dimensions}d",
        "conv_bias": True,
        "norm_op": f"InstanceNorm{dimensions}d",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "nonlin": "LeakyReLU",
    }


def per_axis(value: object) -> tuple[Shape, ...] | None:
    """Return integers per stage and axis, None if a value is anything else."""
    if not isinstance(value, list) or not all(integers(item) and item for item in value):
        return None
    return tuple(tuple(item) for item in value) or None


def integers(value: object) -> TypeGuard[Sequence[int]]:
    """Return whether a value is a list of integers."""
    return isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) for item in value
    )
