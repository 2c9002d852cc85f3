"""``nnUNetv2_train`` with the same arguments, but if it is stopped, it loses only minutes.

nnU-Net saves every 50 epochs, which may take longer than a job's time limit, and it writes over the
last good checkpoint, which a full disk then spoils. Here, any trainer also saves by the clock, and
a checkpoint gets its name when it is complete. What the training computes stays the same.

The processes that nnU-Net starts for several GPUs import this file too, so they do the same.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from nnunetv2.run.run_training import run_training_entry
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

#: The environment variable for how many seconds may pass without a checkpoint.
SECONDS = "SAVE_SECONDS"
_LATEST = "checkpoint_latest.pth"
_save, _end_epoch = nnUNetTrainer.save_checkpoint, nnUNetTrainer.on_epoch_end
_saved = {"at": time.monotonic()}


def save_checkpoint(trainer: nnUNetTrainer, filename: str) -> None:
    """Save under another name first, then rename."""
    if trainer.local_rank != 0 or trainer.disable_checkpointing:
        _save(trainer, filename)  # saves nothing
        return
    partial = Path(f"{filename}.part")
    try:
        _save(trainer, str(partial))
        partial.replace(filename)
    finally:
        partial.unlink(missing_ok=True)
    if Path(filename).name == _LATEST:
        _saved["at"] = time.monotonic()


def on_epoch_end(trainer: nnUNetTrainer) -> None:
    """End an epoch, and save if that is due."""
    _end_epoch(trainer)
    if time.monotonic() - _saved["at"] >= float(os.environ[SECONDS]):
        trainer.current_epoch -= 1  # the next one by now: as nnU-Net does at the end of a training
        trainer.save_checkpoint(str(Path(trainer.output_folder) / _LATEST))
        trainer.current_epoch += 1


nnUNetTrainer.save_checkpoint, nnUNetTrainer.on_epoch_end = save_checkpoint, on_epoch_end

if __name__ == "__main__":
    run_training_entry()
