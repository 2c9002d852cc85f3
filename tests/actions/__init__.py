"""GitHub Actions for tests: runs workflows and composite actions here, their shell with bash.

It does what a runner does with what our workflows use: events, permissions, `needs`, `if`,
matrices, expressions, outputs, summaries, artifacts and exit statuses. Actions that are not ours
are replaced by functions; what is handed to those without one is recorded.
"""

from .job import JobRun, StepRun
from .workflow import Event, Place, run_action, run_workflow

__all__ = ["Event", "JobRun", "Place", "StepRun", "run_action", "run_workflow"]
