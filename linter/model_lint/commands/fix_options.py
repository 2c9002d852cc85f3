"""The options of ``model-lint check`` that repair zips: ``--fix``, ``--diff`` and where to."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..models.target import Target
from ..ship.repair import Repaired, RepairRequest, repair
from ..ship.repair_report import repair_lines
from ..storage.new_file import stoppable
from ..terminal import complain
from ..wording import inert


@dataclass(frozen=True)
class Fixing:
    """What the command line asks for."""

    request: RepairRequest
    #: Whether repairs are listed on standard error: standard output has a report for programs.
    aside: bool

    def repair(self, target: Target, codes: set[str], load: Callable[[Path], Target]) -> Repaired:
        """Repair a target, or only plan it, and print the repairs. Raises UsageError."""
        with stoppable():
            repaired = repair(target, codes, self.request, load)
        lines = "\n".join(repair_lines(target.text, repaired))
        print(inert(lines), file=sys.stderr if self.aside else sys.stdout)
        if any("V004" in action.codes for action in repaired.actions):
            complain(
                f"{repaired.target.text}: contained a password, token or key: revoke it where it "
                "was issued, because others may have the old zip"
            )
        return repaired


def fixing(options: argparse.Namespace) -> Fixing:
    """Return what the options ask for. Raises UsageError if they can't be combined."""
    output = Path(options.fix_output) if options.fix_output else None
    if not (options.fix or options.diff):
        raise UsageError("--in-place and --fix-output need --fix: add it")
    if options.in_place and output:
        raise UsageError("--in-place and --fix-output: give only one of them")
    if options.diff and options.outputs:
        raise UsageError("--diff shows repairs, not findings: leave out --format and --output")
    several = len(options.targets) > 1 or "-" in options.targets
    if output and several and not output.is_dir():
        raise UsageError(f"--fix-output {output}: for several targets give a folder that exists")
    if output and not output.parent.is_dir():
        raise UsageError(f"--fix-output {output}: no folder {output.parent}; make it first")
    aside = any(form != "text" and file is None for form, file in options.outputs)
    return Fixing(RepairRequest(options.diff, options.in_place, output), aside)
