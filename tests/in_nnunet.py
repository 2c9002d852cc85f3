"""What stock nnU-Net makes of trainer folders; run as a program, because it imports torch.

    python tests/in_nnunet.py logits FOLDER ...     # a digest of the logits of each
    python tests/in_nnunet.py resume FOLDER ...     # what a resumed training starts from

Prints a JSON list. The custom trainer is found through ``nnUNet_extTrainer``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.paths import nnUNet_preprocessed
from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name


def logits(folder: Path) -> dict[str, Any]:
    """Predict noise with every fold; two images, so that a fold in the wrong place shows."""
    for checkpoint in folder.glob("fold_*/checkpoint_final.pth"):
        if "packed" in folder.parts:
            torch.load(checkpoint, weights_only=True)
    predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(folder), (0, 1), "checkpoint_final.pth")
    image = torch.randn(1, 2, 60, 52, generator=torch.Generator().manual_seed(5))
    result = predictor.predict_logits_from_preprocessed_data(image)
    return {
        "logits": hashlib.sha256(result.numpy().tobytes()).hexdigest(),
        "mirrored": predictor.allowed_mirroring_axes,
        "shape": list(result.shape),
    }


def resume(folder: Path) -> dict[str, Any]:
    """Load the first fold's checkpoint into its trainer."""
    plans = json.loads((folder / "plans.json").read_text(encoding="utf-8"))
    trainer_name, _, configuration = folder.name.split("__")
    data = Path(nnUNet_preprocessed, plans["dataset_name"], f"nnUNetPlans_{configuration}")
    data.mkdir(parents=True, exist_ok=True)
    (data / "case.b2nd").touch()  # tells nnU-Net the format of the preprocessed data
    trainer = recursive_find_trainer_class_by_name(trainer_name)(
        plans={**plans, "continue_training": True},
        configuration=configuration,
        fold=0,
        dataset_json=json.loads((folder / "dataset.json").read_text(encoding="utf-8")),
        device=torch.device("cpu"),
    )
    trainer.load_checkpoint(str(folder / "fold_0" / "checkpoint_final.pth"))
    numbers = [*trainer.network.state_dict().values()]
    state = trainer.optimizer.state_dict()
    numbers += [state["state"][key]["momentum_buffer"] for key in sorted(state["state"])]
    digest = hashlib.sha256()
    for tensor in numbers:
        digest.update(tensor.numpy().tobytes())
    return {
        "epoch": trainer.current_epoch,
        "best": float(trainer._best_ema),
        "tensors": len(numbers),
        "digest": digest.hexdigest(),
        "losses": [
            float(x) for x in trainer.logger.local_logger.my_fantastic_logging["val_losses"]
        ],
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    work = {"logits": logits, "resume": resume}[sys.argv[1]]
    answers = [work(Path(word)) for word in sys.argv[2:]]
    print("\n" + json.dumps(answers))
