"""Run nnU-Net's commands one after another in one process, which imports torch once.

    python tests/consumers/commands.py '[["nnUNetv2_predict", "-i", "..."], ...]'

Each is run as its script runs it: its entry point, with its arguments in ``sys.argv``.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import entry_points

import torch


def main() -> None:
    """Run what is asked for; a command that fails ends it all."""
    torch.set_num_threads(1)
    scripts = entry_points(group="console_scripts")
    for words in json.loads(sys.argv[1]):
        sys.argv = words
        scripts[words[0]].load()()


if __name__ == "__main__":
    main()
