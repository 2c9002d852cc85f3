"""What nnU-Net makes of trainer folders; run as a program, because it imports torch.

    python tests/in_nnunet.py logits FOLDER ...     # a digest of the logits of each
    python tests/in_nnunet.py resume FOLDER ...     # what a resumed training starts from

Prints a JSON list. With SCT's fork of nnU-Net on the path, the custom trainer is given as SCT gives
it; stock nnU-Net finds it through ``nnUNet_extTrainer``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.paths import nnUNet_preprocessed


def logits(folder: Path) -> dict[str, Any]:
    """Predict noise with every fold; several slices, so that one in the wrong place shows."""
    checkpoints = sorted(folder.glob("fold_*/checkpoint_final.pth"))
    if "packed" in folder.parts:
        for checkpoint in checkpoints:
            torch.load(checkpoint, weights_only=True)
    predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    names = [checkpoint.parent.name.removeprefix("fold_") for checkpoint in checkpoints]
    folds: Any = tuple(name if name == "all" else int(name) for name in names)
    given = {"trainer_class": _trainer_class(folder)} if _takes_trainer_class(predictor) else {}
    predictor.initialize_from_trained_model_folder(
        str(folder), "all" if folds == ("all",) else folds, "checkpoint_final.pth", **given
    )
    torch.manual_seed(5)
    slices = 2 if len(predictor.configuration_manager.patch_size) == 2 else 8
    result = predictor.predict_logits_from_preprocessed_data(
        torch.randn(_channels(predictor), slices, 60, 52)
    )
    return {
        "logits": hashlib.sha256(result.numpy().tobytes()).hexdigest(),
        "mirrored": predictor.allowed_mirroring_axes,
        "shape": list(result.shape),
    }


def _channels(predictor: nnUNetPredictor) -> int:
    """Return the number of input channels: in a cascade, one for each label of the first stage."""
    channels = len(predictor.dataset_json["channel_names"])
    if predictor.configuration_manager.previous_stage_name:
        channels += len(predictor.label_manager.foreground_labels)
    return channels


def _takes_trainer_class(predictor: nnUNetPredictor) -> bool:
    """Return whether it is SCT's fork."""
    initialize = predictor.initialize_from_trained_model_folder
    return "trainer_class" in inspect.signature(initialize).parameters


def _trainer_class(folder: Path) -> Any:
    """Return the custom trainer as SCT does; None if there is none."""
    path = folder / "trainer_class.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("trainer_class", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_trainer_class()


def resume(folder: Path) -> dict[str, Any]:
    """Load the first fold's checkpoint into its trainer."""
    from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name

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
