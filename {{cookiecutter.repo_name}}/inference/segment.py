"""Segment images with a packaged model.

    python inference/segment.py -m MODEL.zip -i sub-001_T2star.nii.gz -o seg.nii.gz
    python inference/segment.py -m MODEL.zip -i FOLDER -o FOLDER_OUT

An image is reoriented to the orientation that the model was trained in (``image_orientation`` of
its ``dataset.json``), and the result is reoriented back, so it has exactly the voxels of the input.
A model of several channels takes them in order (``-i T1w.nii.gz T2w.nii.gz``); in a folder their
names are ``NAME_0000.nii.gz``, ``NAME_0001.nii.gz``, ... If the package has several folds, the
result is that of their mean, as nnU-Net computes it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from tqdm import tqdm

# The workflow's own readers and orientations: prediction and training read the same voxels.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow" / "scripts"))

from cases import Case, plan_cases
from common import count, fail
from network import Network, load_network
from orientation import reorient_array
from package import ModelError, check_model, find_model
from read_volume import read_volume
from stream import Steps, stream
from volumes import VolumeError, reorient, same_grid

WORKERS = min(3, os.cpu_count() or 1)
"""How many images are loaded at once, and how many are saved, while one is predicted."""
ROOM = 4 * 2**30
"""Bytes that images in progress need at most together, unless a single one needs more."""


@dataclass(frozen=True)
class Result:
    """The end of one case: a file, or an error in one line."""

    case: Case
    error: str | None = None


@dataclass(frozen=True)
class _Turned:
    """A case in the orientation of the network, between two steps."""

    case: Case
    step: Any
    orientation: str
    """Of the file, in SCT's letters."""
    shape: tuple[int, ...]


def segment_all(cases: Sequence[Case], network: Network) -> Iterator[Result]:
    """Segment the files of all cases and write the results; yield them in order.

    Loading, prediction and saving of different cases overlap.
    """
    steps = Steps(
        load=partial(_guarded, partial(_load, network)),
        predict=partial(_guarded, partial(_predict, network)),
        save=partial(_guarded, partial(_save, network)),
        memory=partial(_memory, network),
    )
    yield from stream(cases, steps, workers=WORKERS, room=ROOM)


def _guarded(step: Any, thing: Any) -> Any:
    """Take a case through a step; what can't be segmented becomes a result with an error."""
    if isinstance(thing, Result):
        return thing
    case = thing if isinstance(thing, Case) else thing.case
    try:
        return step(thing)
    except VolumeError as error:
        return Result(case, str(error))
    except (RuntimeError, MemoryError) as error:  # of torch: device not available, out of memory
        reason = next(iter(str(error).splitlines()), repr(error))
        return Result(case, f"{case.images[0]}: can't be segmented: {reason}")


def _memory(network: Network, case: Case) -> int:
    try:
        header = nib.load(case.images[0]).header
        return network.memory(header.get_data_shape()[:3], header.get_zooms()[:3])
    except Exception:  # noqa: BLE001 - nibabel raises many kinds; loading the file says what is wrong
        return 0


def _load(network: Network, case: Case) -> _Turned:
    if len(case.images) != network.channels:
        raise VolumeError(
            f"{case.images[0]}: {count(len(case.images), 'channel')} given, but the model takes "
            f"{count(network.channels, 'channel')}"
        )
    volumes = [read_volume(path) for path in case.images]
    first = volumes[0]
    for path, volume in zip(case.images[1:], volumes[1:], strict=True):
        if difference := same_grid(first, reorient(volume, first.orientation)):
            raise VolumeError(f"{path}: is not on the grid of {case.images[0].name}: {difference}")
    turned = [reorient(volume, network.orientation) for volume in volumes]
    image = np.stack([volume.array.astype(np.float32).transpose(2, 1, 0) for volume in turned])
    step = network.prepare(image, turned[0].spacing[::-1])
    return _Turned(case, step, first.orientation, turned[0].array.shape)


def _predict(network: Network, turned: _Turned) -> _Turned:
    step = network.predict(turned.step)
    return _Turned(turned.case, step, turned.orientation, turned.shape)


def _save(network: Network, turned: _Turned) -> Result:
    labels = np.asarray(network.finish(turned.step)).transpose(2, 1, 0)
    if labels.shape != turned.shape:
        raise VolumeError(
            f"{turned.case.images[0]}: the network returned {labels.shape} for {turned.shape}"
        )
    kind = np.uint8 if labels.max(initial=0) < 256 else np.uint16
    labels = reorient_array(labels.astype(kind), network.orientation, turned.orientation)
    save_like(nib.load(turned.case.images[0]), labels, turned.case.output)
    return Result(turned.case)


def save_like(original: Any, labels: np.ndarray, output: Path) -> None:
    """Write a label map with the shape, affine and header of ``original``, in one step."""
    kind = nib.Nifti2Image if isinstance(original, nib.Nifti2Image) else nib.Nifti1Image
    is_nifti = isinstance(original, nib.Nifti1Pair)
    image = kind(
        labels.reshape(original.shape), original.affine, original.header if is_nifti else None
    )
    image.header.set_data_dtype(labels.dtype)
    image.header.set_slope_inter(1, 0)
    image.header["cal_max"] = image.header["cal_min"] = 0
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".part-{os.getpid()}-{output.name}")
    try:
        nib.save(image, partial)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def quiet(*, verbose: bool) -> Iterator[None]:
    """Hide nnU-Net's own messages, unless ``verbose``."""
    if verbose:
        yield
        return
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def main(argv: list[str] | None = None) -> int:
    """Segment one image or a folder of images with a packaged model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-m", "--model", type=Path, required=True, help="package (zip) or folder")
    parser.add_argument(
        "-i", "--input", type=Path, nargs="+", action="extend", required=True, metavar="IMAGE",
        help="image (all its channels, in order), or one folder of images",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="result, or folder of results"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--verbose", action="store_true", help="show nnU-Net's messages too")
    arguments = parser.parse_args(argv)
    failures = 0
    try:
        with (
            tempfile.TemporaryDirectory(prefix="model-") as scratch,
            quiet(verbose=arguments.verbose),
        ):
            folder, own = find_model(arguments.model, Path(scratch))
            _, channels, _ = check_model(folder, arguments.model)
            cases = plan_cases(arguments.input, arguments.output, channels)
            # At a terminal, a bar counts the images, or the parts of a single one.
            bars, single = sys.stderr.isatty(), len(cases) == 1
            network = load_network(
                folder, Path(scratch), arguments.device, trusted=own, show_bar=bars and single
            )
            with tqdm(total=len(cases), unit="image", disable=single or not bars) as bar:
                for result in segment_all(cases, network):
                    with bar.external_write_mode():
                        if result.error is None:
                            print(result.case.output, file=sys.__stdout__, flush=True)
                        else:
                            failures += fail(result.error)
                    bar.update()
    except (ModelError, ValueError, OSError) as error:
        return fail(error)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
