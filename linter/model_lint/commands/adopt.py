"""``model-lint adopt``: make a package that lints clean of an old one."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from .. import naming
from ..config import parser_of
from ..errors import UsageError
from ..findings import Severity, TargetReport
from ..lint import Options, lint, select_rules
from ..models.reading import Reading
from ..models.target import Given, load_target
from ..ship.adopt.adopt import Adopted, Wanted, adopt
from ..ship.adopt.rename_trainer import check_name
from ..ship.adopt.report import as_json, as_text
from ..ship.adopt.request import AdoptRequest
from ..ship.adopt.sources import Source
from ..storage.depth import Depth
from ..storage.new_file import stoppable
from ..terminal import complain, progress_bar, text_width
from .pack import print_tree, shown_progress
from .pack_options import (
    add_name,
    checked_orientation,
    checkpoint_name,
    fold_names,
    is_zip,
    output_folder,
    require_name,
    tag_of,
)
from .reporting import add_for, configured, crashed

EXAMPLE = """\
what it does:
  Finds the model in the old package, puts every file where the specification has it, leaves out
  what must not be there, and packs it as `model-lint pack` does. No weight changes. By default it
  changes nothing that SCT or nnU-Net make of an image; what would change that is listed, with the
  option for it. It asks for what the package does not say. The old package stays as it is.

example:
  model-lint adopt model.zip --diff
  model-lint adopt model.zip --name model_seg_sc_t2_unet3d --orientation RPI
  model-lint adopt ivadomed/model_seg_sc_t2_unet3d@r20230512 --label canal_seg=canal

exit status:
  0  the package was written, or there is nothing to change
  1  `model-lint check --deep` found errors in it: they are shown, and there is no package;
     with --diff: there is something to change
  2  wrong usage, something has to be given, or the old package is damaged or unsafe
"""

#: Options that may help against the errors of a rule.
_WAYS = {
    **dict.fromkeys(("C007", "C008", "D002", "D006", "D007"), "--dataset trained"),
    **dict.fromkeys(("C015", "P001", "P002", "P007"), "--plans trained"),
    **dict.fromkeys(("L018", "L019", "L023"), "--trainer-class FILE"),
    **dict.fromkeys(("D009", "P005"), "--for nnunet"),
    "D012": "--orientation LPI",
    "L003": "--trainer nnUNetTrainer...",
    "L026": "--folds 0",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``adopt``."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "sources",
        metavar="PACKAGE",
        nargs="+",
        help="a zip, a folder, the address of a zip, or OWNER/REPO@TAG; several are the folds of "
        "one model",
    )
    add_name(parser, "that of the release, or in the zip's name")
    add_for(parser)
    _add_model(parser)
    _add_files(parser)
    parser.add_argument(
        "--diff",
        action="store_true",
        help="only show what would change, and exit with 1 if there is something to change",
    )
    parser.add_argument(
        "--format",
        choices=["text", "json"],
        default="text",
        help="how to describe the changes on standard output (default: text)",
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    model = parser.add_argument_group("what the old package does not say")
    model.add_argument(
        "--orientation",
        metavar="CODE",
        type=str.upper,
        help="orientation of the training images in SCT's letters, such as RPI: "
        "`sct_image -i IMAGE -getorient` shows it",
    )
    model.add_argument(
        "--trainer-class", metavar="FILE", type=Path, help="source of a custom trainer"
    )
    model.add_argument(
        "--trainer",
        metavar="NAME",
        help="a name of the trainer that begins with nnUNetTrainer, if its own does not",
    )
    model.add_argument(
        "--label",
        metavar="OLD=NEW",
        action="append",
        default=[],
        help="give a label another name, by which SCT names its output; repeatable",
    )
    model.add_argument(
        "--folds", metavar="FOLDS", help="0,1,2 or all: the folds to take (default: every one)"
    )
    model.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="the checkpoint of folds without checkpoint_final.pth (default: checkpoint_best.pth "
        "if no fold has a final one, as in SCT)",
    )
    model.add_argument(
        "--model", metavar="FOLDER", help="the trainer folder, if the package contains several"
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
    files = parser.add_argument_group("its files")
    for name in ("plans", "dataset"):
        files.add_argument(
            f"--{name}",
            metavar="FILE",
            help=f"{name}.json: a file, `trained` for the copy in the checkpoint, or `kept` for "
            "that of the package, if they differ",
        )
    files.add_argument(
        "--fingerprint",
        metavar="FILE",
        type=Path,
        help="dataset_fingerprint.json, if it is missing",
    )
    files.add_argument(
        "--layout",
        choices=["spec", "dataset"],
        help="spec: as in the specification; dataset: inside DatasetNNN_NAME/ (default: dataset if "
        "the old package has that folder, else spec)",
    )


def run(options: argparse.Namespace) -> int:
    """Adopt, lint and report; return the exit status."""
    judging = configured(options)
    config = judging.config
    parse = parser_of(config)
    active = select_rules(judging.rules, ignore=config.ignore)
    request = _request(options, for_github=any(rule.code == "L026" for rule in active))
    tag = tag_of(options.tag)
    given = Given(options.name or config.name, parse, watch=progress_bar)

    def want(sources: tuple[Source, ...]) -> Wanted:
        path, name = _target(options, given.repository, sources, tag, parse)
        named = bool(options.name or options.tag or is_zip(options.output))
        itself = any(_is_file(path, source.shown) for source in sources)
        judge = _judge(path, name, parse, judging)
        return Wanted(path, options.force, named, options.diff, itself, judge)

    with stoppable(), shown_progress() as progress:
        adopted = adopt(request, given, want, progress)
    if options.format == "json":
        text = as_json(adopted, tag, dry=options.diff)
    else:
        text = as_text(adopted, tag, dry=options.diff, width=text_width())
    print_tree(text)
    return _status(adopted, options)


def _status(adopted: Adopted, options: argparse.Namespace) -> int:
    """Say what the user has to know besides the report, and return the exit status."""
    packed = adopted.packed
    if any("V004" in change.codes for change in adopted.changes):
        complain(
            "the old package contained a password, token or key: revoke it where it was issued"
        )
    if not packed.refused:
        return int(options.diff and not adopted.same)
    errors = [f for f in packed.report.findings if f.severity is Severity.ERROR]
    ways = dict.fromkeys(_WAYS[error.code] for error in errors if error.code in _WAYS)
    advice = f"; perhaps {' or '.join(ways)} helps" if ways else ""
    first = f"{errors[0].message} ({errors[0].code})"
    complain(f"{', '.join(adopted.sources)}: not adopted: {first}{advice}")
    return 2 if crashed(packed.report.findings) else 1


def _judge(
    path: Path, name: str | None, parse: Callable[[str], naming.Name], judging: Options
) -> Callable[[Path], TargetReport]:
    def judge(package: Path) -> TargetReport:
        loaded = load_target(str(package), Given(name, parse, Reading(Depth.ALL)))
        return lint(loaded.shown_as(str(path)), judging)

    return judge


# ------------------------------------------------------------------------------------ options


def _request(options: argparse.Namespace, *, for_github: bool) -> AdoptRequest:
    return AdoptRequest(
        tuple(options.sources),
        _work_folder(options),
        orientation=checked_orientation(options.orientation),
        labels=dict(map(_label, options.label)),
        trainer_class=options.trainer_class,
        trainer=_trainer(options.trainer),
        plans=options.plans,
        dataset=options.dataset,
        fingerprint=options.fingerprint,
        folds=fold_names(options.folds),
        checkpoint=checkpoint_name(options.checkpoint) if options.checkpoint else None,
        model=options.model,
        dataset_layout=None if options.layout is None else options.layout == "dataset",
        for_github=for_github,
    )


def _work_folder(options: argparse.Namespace) -> Path:
    """Return where temporary files are: beside the package, if it can be written there."""
    folder = output_folder(options.output)
    only_shown = options.diff and not os.access(folder, os.W_OK)
    return Path(tempfile.gettempdir()) if only_shown else folder


def _trainer(name: str | None) -> str | None:
    if name is not None:
        check_name(name)
    return name


def _label(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old or not new:
        raise UsageError(f"--label {text}: write OLD=NEW, such as canal_seg=canal")
    return old, new


def _is_file(path: Path, shown: str) -> bool:
    return path.exists() and Path(shown).exists() and path.samefile(shown)


def _target(
    options: argparse.Namespace,
    given: str | None,
    sources: tuple[Source, ...],
    tag: str,
    parse: Callable[[str], naming.Name],
) -> tuple[Path, str | None]:
    """Return the zip to write, and the repository's name; None if only the zip's is given."""
    named = sources[0].package.named
    name = given or (named.text if named and named.usable else None)
    if given:
        require_name(given, parse)
    if is_zip(options.output):
        path: Path = options.output
    elif name:
        path = options.output / f"{name}-{tag}.zip"
    else:
        said = f"{named.text} is no valid name; " if named else ""
        if named and named.suggestion:
            said += f"perhaps {named.suggestion.name}; "
        raise UsageError(
            f"{sources[0].shown}: which model repository is this for? {said}give --name, such as "
            "model_seg_sc_t2_unet3d (`model-lint name` explains names)"
        )
    return path, name
