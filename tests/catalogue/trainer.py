"""trainer_class.py and the trainers' names."""

from __future__ import annotations

from build import (
    TRAINER,
    Case,
    Change,
    Files,
    drop,
    judged,
    move,
    put,
    rename_trainer,
    replace,
    rewrite,
    trained,
)

SOURCE = "trainer_class.py"
GETTER = "def get_trainer_class()"


def trained_by(trainer: str, *, folder: str = "") -> Change:
    """Name another trainer in the checkpoint, the file and the folder."""

    def change(files: Files) -> None:
        trained(checkpoint=lambda held: held.update(trainer_name=trainer))(files)
        if f"{TRAINER}/{SOURCE}" in files:
            rewrite(SOURCE, lambda data: data.replace(b"nnUNetTrainerTiny", trainer.encode()))(
                files
            )
        rename_trainer(TRAINER.replace("nnUNetTrainerTiny", folder or trainer))(files)

    return change


def edited(old: str, new: str) -> Change:
    """Replace a text in ``trainer_class.py``, which must be there."""
    return replace(SOURCE, old, new)


def imported(statements: str) -> Change:
    """Add statements after the first import of ``trainer_class.py``, from line 6 on."""
    return edited("import torch\n", f"import torch\n{statements}\n")


def top(statements: str) -> Change:
    """Add statements to ``trainer_class.py``, before its function."""
    return edited("def get_trainer_class", f"{statements}\n\n\ndef get_trainer_class")


def source(name: str, what: str, old: str, new: str) -> Case:
    return judged(name, what, edited(old, new))


def architecture(name: str, what: str, method: str) -> Case:
    """Return a case of a trainer that builds the network itself."""
    return judged(name, what, edited(f"\n\n{GETTER}", f"{method}\n\n{GETTER}"))


CASES: list[Case] = [
    judged("builtin-trainer", "trained by nnU-Net's own trainer, without trainer_class.py",
           drop(SOURCE), trained_by("nnUNetTrainer")),
    judged("builtin-variant", "trained by a variant that nnU-Net ships", drop(SOURCE),
           trained_by("nnUNetTrainer_250epochs")),
    judged("builtin-old", "trained by a variant that nnU-Net no longer ships", drop(SOURCE),
           trained_by("nnUNetTrainerDAOrd0")),
    judged(
        "builtin-with-class",
        "nnU-Net's own trainer, with an unneeded trainer_class.py",
        put(
            SOURCE,
            b"from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer\n\n\n"
            b"def get_trainer_class():\n    return nnUNetTrainer\n",
        ),
        trained_by("nnUNetTrainer"),
    ),
    judged("trainer-2000epochs", "the custom trainer of the specification's example",
           trained_by("nnUNetTrainer_2000epochs")),
    judged("trainer-renamed-everywhere-but-folder", "another trainer than the folder says",
           trained_by("nnUNetTrainerSmall", folder="nnUNetTrainerTiny")),
    judged("trainer-renamed-in-checkpoint", "another trainer in the checkpoint, with no class",
           trained(checkpoint=lambda c: c.update(trainer_name="nnUNetTrainerSmall"))),
    judged("trainer-builtin-in-checkpoint",
           "nnUNetTrainer in the checkpoint, another class in the file",
           trained(checkpoint=lambda c: c.update(trainer_name="nnUNetTrainer"))),
    judged("trainer-other-file", "the class in trainer.py, not in trainer_class.py",
           move(SOURCE, "trainer.py")),
    judged("trainer-upper-case", "Trainer_class.py in place of trainer_class.py",
           move(SOURCE, "Trainer_class.py")),
    judged("trainer-at-root", "trainer_class.py beside the trainer folder",
           move(SOURCE, "/trainer_class.py")),
    judged("trainer-in-fold", "trainer_class.py in the fold",
           move(SOURCE, "fold_0/trainer_class.py")),
    judged("trainer-latin1-declared", "trainer_class.py in Latin-1, and it says so",
           rewrite(SOURCE, lambda data: b"# -*- coding: latin-1 -*-\n# entra\xeenement\n" + data)),
    judged("trainer-latin1", "trainer_class.py in Latin-1, and it does not say so",
           rewrite(SOURCE, lambda data: b"# entra\xeenement\n" + data)),
    judged("trainer-nul", "trainer_class.py with a NUL in it",
           rewrite(SOURCE, lambda data: data + b"\0")),
    judged("trainer-python2", "trainer_class.py in Python 2",
           rewrite(SOURCE, lambda data: data + b'\nprint "loaded"\n')),
    source("trainer-syntax", "a syntax error", "class nnUNetTrainerTiny(",
           "class nnUNetTrainerTiny(("),
    source("trainer-no-getter", "no get_trainer_class", "def get_trainer_class", "def get_trainer"),
    source("trainer-getter-none", "get_trainer_class returns None", "return nnUNetTrainerTiny",
           "return None"),
    source("trainer-getter-pass", "get_trainer_class returns nothing",
           "    return nnUNetTrainerTiny", "    pass"),
    source("trainer-getter-instance", "get_trainer_class returns text", "return nnUNetTrainerTiny",
           'return "nnUNetTrainerTiny"'),
    source("trainer-getter-default", "get_trainer_class takes an argument with a default",
           "def get_trainer_class()", "def get_trainer_class(name: str = '')"),
    source(
        "trainer-getter-lambda",
        "get_trainer_class is a lambda",
        "def get_trainer_class() -> type[nnUNetTrainerTiny]:",
        "get_trainer_class = lambda: nnUNetTrainerTiny\n\n\n"
        "def unused() -> type[nnUNetTrainerTiny]:",
    ),
    source(
        "trainer-getter-conditional",
        "get_trainer_class inside an if",
        "def get_trainer_class() -> type[nnUNetTrainerTiny]:\n",
        "if True:\n  def get_trainer_class():\n    return nnUNetTrainerTiny\n\n\ndef unused():\n",
    ),
    source(
        "trainer-getter-method",
        "get_trainer_class is a method of the trainer",
        "def get_trainer_class() -> type[nnUNetTrainerTiny]:\n",
        "class Helper:\n    @staticmethod\n    def get_trainer_class():\n"
        "        return nnUNetTrainerTiny\n"
        "\n\ndef unused():\n",
    ),
    source("trainer-getter-builtin", "get_trainer_class returns nnU-Net's own trainer",
           "return nnUNetTrainerTiny", "return nnUNetTrainer"),
    judged("trainer-relative-import", "a relative import",
           imported("from .custom_loss import DiceLoss")),
    source(
        "trainer-relative-import-tried",
        "a relative import in a try",
        "import torch\n",
        "import torch\ntry:\n    from .custom_loss import DiceLoss\nexcept ImportError:\n"
        "    DiceLoss = None\n",
    ),
    judged("trainer-import-missing", "imports a package that is not installed",
           imported("import no_such_package_of_the_lab")),
    judged("trainer-import-wandb", "imports wandb", imported("import wandb")),
    judged("trainer-import-tried", "imports wandb in a try",
           imported("try:\n    import wandb\nexcept ImportError:\n    wandb = None")),
    source(
        "trainer-import-in-method",
        "imports wandb inside a method",
        "        super().__init__(plans, configuration, fold, dataset_json, device)\n",
        "        super().__init__(plans, configuration, fold, dataset_json, device)\n"
        "        import wandb\n",
    ),
    judged("trainer-import-typing", "imports wandb for type checkers only",
           imported("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import wandb")),
    judged("trainer-import-sibling", "imports a module that is not in the package",
           imported("import custom_loss")),
    judged("trainer-import-sibling-shipped", "imports a module beside it, which is there",
           replace(SOURCE, "import torch\n", "import torch\nimport custom_loss\n"),
           put("custom_loss.py", b"")),
    judged("trainer-import-nibabel", "imports nibabel", imported("import nibabel")),
    judged("trainer-import-name-missing", "imports a name that a module of nnU-Net does not have",
           imported("from nnunetv2.training.dataloading.utils import get_case_identifiers")),
    source(
        "trainer-import-name-tried",
        "imports a name that a module of nnU-Net does not have in a try",
        "import torch\n",
        "import torch\n"
        "try:\n    from nnunetv2.training.dataloading.utils import get_case_identifiers\n"
        "except ImportError:\n    get_case_identifiers = None\n",
    ),
    judged("trainer-import-name-imported", "imports a name that a module of nnU-Net imports itself",
           imported("from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import join, np")),
    source(
        "trainer-import-name-new",
        "imports a name that only nnU-Net 2.8 has",
        "import torch\n",
        "import torch\nfrom nnunetv2.training.nnUNetTrainer.nnUNetTrainer "
        "import ConfigurationManager\n",
    ),
    judged(
        "trainer-nnunet-1",
        "a trainer of nnU-Net 1",
        imported("from nnunet.training.network_training.nnUNetTrainerV2 import nnUNetTrainerV2"),
    ),
    source("trainer-class-alias", "the trainer's name as an alias of another class",
           "def get_trainer_class() -> type[nnUNetTrainerTiny]:",
           "Base = nnUNetTrainerTiny\nnnUNetTrainerTiny = Base\n\n\ndef get_trainer_class():"),
    source(
        "trainer-class-variant-base",
        "a class made from a variant that nnU-Net ships",
        "import torch\n",
        "import torch\nfrom nnunetv2.training.nnUNetTrainer.variants.training_length."
        "nnUNetTrainer_Xepochs import nnUNetTrainer_250epochs as _Base\n",
    ),
    architecture(
        "trainer-architecture-old",
        "builds the network with the signature of nnU-Net 2.3 to 2.6",
        """
    @staticmethod
    def build_network_architecture(
        architecture_class_name, arch_init_kwargs, arch_init_kwargs_req_import,
        num_input_channels, num_output_channels, enable_deep_supervision=True,
    ):
        from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
        return get_network_from_plans(
            architecture_class_name, arch_init_kwargs, arch_init_kwargs_req_import,
            num_input_channels, num_output_channels, deep_supervision=enable_deep_supervision,
        )
""",
    ),
    architecture(
        "trainer-architecture-new",
        "builds the network with the signature of nnU-Net 2.7",
        """
    @staticmethod
    def build_network_architecture(
        plans_manager, configuration_manager, num_input_channels, num_output_channels,
        enable_deep_supervision=True,
    ):
        from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
        return get_network_from_plans(
            configuration_manager.network_arch_class_name,
            configuration_manager.network_arch_init_kwargs,
            configuration_manager.network_arch_init_kwargs_req_import,
            num_input_channels, num_output_channels, deep_supervision=enable_deep_supervision,
        )
""",
    ),
    architecture(
        "trainer-architecture-2-2",
        "builds the network with the signature of nnU-Net 2.2",
        """
    @staticmethod
    def build_network_architecture(
        plans_manager, dataset_json, configuration_manager, num_input_channels,
        enable_deep_supervision=True,
    ):
        raise NotImplementedError
""",
    ),
    architecture(
        "trainer-architecture-any",
        "builds the network from any arguments",
        """
    @staticmethod
    def build_network_architecture(*arguments, **options):
        return nnUNetTrainer.build_network_architecture(*arguments, **options)
""",
    ),
    architecture(
        "trainer-architecture-method",
        "builds the network in an ordinary method",
        """
    def build_network_architecture(
        self, architecture_class_name, arch_init_kwargs, arch_init_kwargs_req_import,
        num_input_channels, num_output_channels, enable_deep_supervision=True,
    ):
        raise NotImplementedError
""",
    ),
    architecture(
        "trainer-architecture-base",
        "takes the arguments of nnU-Net 2.3 to 2.6 and gives them to nnU-Net's own method",
        """
    @staticmethod
    def build_network_architecture(
        architecture_class_name, arch_init_kwargs, arch_init_kwargs_req_import,
        num_input_channels, num_output_channels, enable_deep_supervision=True,
    ):
        return nnUNetTrainer.build_network_architecture(
            architecture_class_name, arch_init_kwargs, arch_init_kwargs_req_import,
            num_input_channels, num_output_channels, enable_deep_supervision,
        )
""",
    ),
]  # fmt: skip
