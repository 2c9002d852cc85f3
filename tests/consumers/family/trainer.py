"""trainer_class.py and the trainers' names."""

from __future__ import annotations

from typing import Any

from .sample import TRAINER, Files, at, edit_text, files_sample, moved, set_everywhere

SOURCE = at("trainer_class.py")


def _source(name: str, words: str, old: str, new: str, **options: Any) -> None:
    """Register a sample with a text of trainer_class.py replaced."""

    @files_sample(name, words, **options)
    def _(files: Files) -> None:
        edit_text(files, "trainer_class.py", old, new)


def _trained_by(files: Files, trainer: str) -> Files:
    set_everywhere(files, checkpoint=lambda c: c.update(trainer_name=trainer))
    return moved(files, TRAINER, TRAINER.replace("nnUNetTrainerTiny", trainer))


@files_sample("builtin-trainer", "trained by nnU-Net's own trainer, without trainer_class.py")
def _(files: Files) -> Files:
    del files[SOURCE]
    return _trained_by(files, "nnUNetTrainer")


@files_sample("builtin-variant", "trained by a variant that nnU-Net ships")
def _(files: Files) -> Files:
    del files[SOURCE]
    return _trained_by(files, "nnUNetTrainer_250epochs")


@files_sample("builtin-old", "trained by a variant that nnU-Net no longer ships")
def _(files: Files) -> Files:
    del files[SOURCE]
    return _trained_by(files, "nnUNetTrainerDAOrd0")


@files_sample("builtin-with-class", "nnU-Net's own trainer, with an unneeded trainer_class.py")
def _(files: Files) -> Files:
    files[SOURCE] = (
        b"from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer\n\n\n"
        b"def get_trainer_class():\n    return nnUNetTrainer\n"
    )
    return _trained_by(files, "nnUNetTrainer")


@files_sample("trainer-2000epochs", "the custom trainer of the specification's example")
def _(files: Files) -> Files:
    files[SOURCE] = files[SOURCE].replace(b"nnUNetTrainerTiny", b"nnUNetTrainer_2000epochs")
    return _trained_by(files, "nnUNetTrainer_2000epochs")


@files_sample("trainer-renamed-everywhere-but-folder", "another trainer than the folder says")
def _(files: Files) -> Files:
    files[SOURCE] = files[SOURCE].replace(b"nnUNetTrainerTiny", b"nnUNetTrainerSmall")
    return moved(
        _trained_by(files, "nnUNetTrainerSmall"), "nnUNetTrainerSmall", "nnUNetTrainerTiny"
    )


@files_sample("trainer-renamed-in-checkpoint", "another trainer in the checkpoint, with no class")
def _(files: Files) -> None:
    set_everywhere(files, checkpoint=lambda c: c.update(trainer_name="nnUNetTrainerSmall"))


@files_sample(
    "trainer-builtin-in-checkpoint", "nnUNetTrainer in the checkpoint, another class in the file"
)
def _(files: Files) -> None:
    set_everywhere(files, checkpoint=lambda c: c.update(trainer_name="nnUNetTrainer"))


@files_sample("trainer-missing", "no trainer_class.py for the custom trainer")
def _(files: Files) -> None:
    del files[SOURCE]


@files_sample("trainer-other-file", "the class in trainer.py, not in trainer_class.py")
def _(files: Files) -> Files:
    return moved(files, SOURCE, at("trainer.py"))


@files_sample("trainer-upper-case", "Trainer_class.py in place of trainer_class.py")
def _(files: Files) -> Files:
    return moved(files, SOURCE, at("Trainer_class.py"))


@files_sample("trainer-at-root", "trainer_class.py beside the trainer folder")
def _(files: Files) -> Files:
    return moved(files, SOURCE, "trainer_class.py")


@files_sample("trainer-in-fold", "trainer_class.py in the fold")
def _(files: Files) -> Files:
    return moved(files, SOURCE, at("fold_0/trainer_class.py"))


@files_sample("trainer-empty", "an empty trainer_class.py")
def _(files: Files) -> None:
    files[SOURCE] = b""


@files_sample("trainer-crlf", "trainer_class.py with Windows line ends")
def _(files: Files) -> None:
    files[SOURCE] = files[SOURCE].replace(b"\n", b"\r\n")


@files_sample("trainer-bom", "trainer_class.py with a byte order mark")
def _(files: Files) -> None:
    files[SOURCE] = b"\xef\xbb\xbf" + files[SOURCE]


@files_sample("trainer-latin1-declared", "trainer_class.py in Latin-1, and it says so")
def _(files: Files) -> None:
    files[SOURCE] = b"# -*- coding: latin-1 -*-\n# entra\xeenement\n" + files[SOURCE]


@files_sample("trainer-latin1", "trainer_class.py in Latin-1, and it does not say so")
def _(files: Files) -> None:
    files[SOURCE] = b"# entra\xeenement\n" + files[SOURCE]


@files_sample("trainer-nul", "trainer_class.py with a NUL in it")
def _(files: Files) -> None:
    files[SOURCE] += b"\0"


@files_sample("trainer-python2", "trainer_class.py in Python 2")
def _(files: Files) -> None:
    files[SOURCE] += b'\nprint "loaded"\n'


_source("trainer-syntax", "a syntax error", "class nnUNetTrainerTiny(", "class nnUNetTrainerTiny((")
_source("trainer-no-getter", "no get_trainer_class", "def get_trainer_class", "def get_trainer")
_source(
    "trainer-getter-none",
    "get_trainer_class returns None",
    "return nnUNetTrainerTiny",
    "return None",
)
_source(
    "trainer-getter-pass",
    "get_trainer_class returns nothing",
    "    return nnUNetTrainerTiny",
    "    pass",
)
_source(
    "trainer-getter-instance",
    "get_trainer_class returns text",
    "return nnUNetTrainerTiny",
    'return "nnUNetTrainerTiny"',
)
_source(
    "trainer-getter-argument",
    "get_trainer_class takes an argument",
    "def get_trainer_class()",
    "def get_trainer_class(name)",
)
_source(
    "trainer-getter-default",
    "get_trainer_class takes an argument with a default",
    "def get_trainer_class()",
    "def get_trainer_class(name: str = '')",
)
_source(
    "trainer-getter-lambda",
    "get_trainer_class is a lambda",
    "def get_trainer_class() -> type[nnUNetTrainerTiny]:",
    "get_trainer_class = lambda: nnUNetTrainerTiny\n\n\ndef unused() -> type[nnUNetTrainerTiny]:",
)
_source(
    "trainer-getter-conditional",
    "get_trainer_class inside an if",
    "def get_trainer_class() -> type[nnUNetTrainerTiny]:\n",
    "if True:\n  def get_trainer_class():\n    return nnUNetTrainerTiny\n\n\ndef unused():\n",
)
_source(
    "trainer-getter-async",
    "get_trainer_class is async",
    "def get_trainer_class()",
    "async def get_trainer_class()",
)
_source(
    "trainer-getter-method",
    "get_trainer_class is a method of the trainer",
    "def get_trainer_class() -> type[nnUNetTrainerTiny]:\n",
    "class Helper:\n    @staticmethod\n    def get_trainer_class():\n"
    "        return nnUNetTrainerTiny\n"
    "\n\ndef unused():\n",
)
_source(
    "trainer-getter-builtin",
    "get_trainer_class returns nnU-Net's own trainer",
    "return nnUNetTrainerTiny",
    "return nnUNetTrainer",
)
_source(
    "trainer-relative-import",
    "a relative import",
    "import torch\n",
    "import torch\nfrom .custom_loss import DiceLoss\n",
)
_source(
    "trainer-relative-import-tried",
    "a relative import in a try",
    "import torch\n",
    "import torch\ntry:\n    from .custom_loss import DiceLoss\nexcept ImportError:\n"
    "    DiceLoss = None\n",
)
_source(
    "trainer-import-missing",
    "imports a package that is not installed",
    "import torch\n",
    "import torch\nimport no_such_package_of_the_lab\n",
)
_source("trainer-import-wandb", "imports wandb", "import torch\n", "import torch\nimport wandb\n")
_source(
    "trainer-import-tried",
    "imports wandb in a try",
    "import torch\n",
    "import torch\ntry:\n    import wandb\nexcept ImportError:\n    wandb = None\n",
)
_source(
    "trainer-import-in-method",
    "imports wandb inside a method",
    "        super().__init__(plans, configuration, fold, dataset_json, device)\n",
    "        super().__init__(plans, configuration, fold, dataset_json, device)\n"
    "        import wandb\n",
)
_source(
    "trainer-import-typing",
    "imports wandb for type checkers only",
    "import torch\n",
    "import torch\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import wandb\n",
)
_source(
    "trainer-import-sibling",
    "imports a module that is not in the package",
    "import torch\n",
    "import torch\nimport custom_loss\n",
)


@files_sample("trainer-import-sibling-shipped", "imports a module beside it, which is there")
def _(files: Files) -> None:
    edit_text(files, "trainer_class.py", "import torch\n", "import torch\nimport custom_loss\n")
    files[at("custom_loss.py")] = b""


_source(
    "trainer-import-nibabel", "imports nibabel", "import torch\n", "import torch\nimport nibabel\n"
)
_source(
    "trainer-import-nnunet-missing",
    "imports a module that nnU-Net does not have",
    "import torch\n",
    "import torch\nfrom nnunetv2.training.loss.topology import TopologyLoss\n",
)
_source(
    "trainer-import-name-missing",
    "imports a name that a module of nnU-Net does not have",
    "import torch\n",
    "import torch\nfrom nnunetv2.training.dataloading.utils import get_case_identifiers\n",
)
_source(
    "trainer-import-name-tried",
    "imports a name that a module of nnU-Net does not have in a try",
    "import torch\n",
    "import torch\ntry:\n    from nnunetv2.training.dataloading.utils import get_case_identifiers\n"
    "except ImportError:\n    get_case_identifiers = None\n",
)
_source(
    "trainer-import-name-imported",
    "imports a name that a module of nnU-Net imports itself",
    "import torch\n",
    "import torch\nfrom nnunetv2.training.nnUNetTrainer.nnUNetTrainer import join, np\n",
)
_source(
    "trainer-import-name-new",
    "imports a name that only nnU-Net 2.8 has",
    "import torch\n",
    "import torch\nfrom nnunetv2.training.nnUNetTrainer.nnUNetTrainer "
    "import ConfigurationManager\n",
)
_source(
    "trainer-import-name-old",
    "imports a name that only SCT's nnU-Net has",
    "import torch\n",
    "import torch\nfrom nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetLogger\n",
)
_source(
    "trainer-nnunet-1",
    "a trainer of nnU-Net 1",
    "import torch\n",
    "import torch\nfrom nnunet.training.network_training.nnUNetTrainerV2 import nnUNetTrainerV2\n",
)
_source(
    "trainer-class-other-name",
    "a class of another name than the checkpoint's trainer",
    "nnUNetTrainerTiny",
    "nnUNetTrainerOther",
)
_source(
    "trainer-class-alias",
    "the trainer's name as an alias of another class",
    "def get_trainer_class() -> type[nnUNetTrainerTiny]:",
    "Base = nnUNetTrainerTiny\nnnUNetTrainerTiny = Base\n\n\ndef get_trainer_class():",
)
_source(
    "trainer-class-no-base",
    "a class that is no nnUNetTrainer",
    "class nnUNetTrainerTiny(nnUNetTrainer)",
    "class nnUNetTrainerTiny(object)",
)
_source(
    "trainer-class-variant-base",
    "a class made from a variant that nnU-Net ships",
    "import torch\n",
    "import torch\nfrom nnunetv2.training.nnUNetTrainer.variants.training_length."
    "nnUNetTrainer_Xepochs import nnUNetTrainer_250epochs as _Base\n",
)
_source(
    "trainer-class-unknown-base",
    "a class made from one that is not imported",
    "class nnUNetTrainerTiny(nnUNetTrainer)",
    "class nnUNetTrainerTiny(nnUNetTrainerDA5)",
)
_source(
    "trainer-getter-unknown",
    "get_trainer_class returns what the file does not define",
    "return nnUNetTrainerTiny",
    "return nnUNetTrainerSmall",
)
_source(
    "trainer-exit",
    "leaves Python when it is imported",
    "def get_trainer_class()",
    "raise SystemExit(1)\n\n\ndef get_trainer_class()",
)
_source(
    "trainer-raises",
    "raises when it is imported",
    "def get_trainer_class()",
    "raise RuntimeError('set WANDB_KEY')\n\n\ndef get_trainer_class()",
)
_source(
    "trainer-environment",
    "needs an environment variable when it is imported",
    "def get_trainer_class()",
    "import os\nKEY = os.environ['LAB_KEY']\n\n\ndef get_trainer_class()",
)


def _architecture(name: str, words: str, body: str) -> None:
    _source(name, words, "\n\ndef get_trainer_class()", body)


_architecture(
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


def get_trainer_class()""",
)
_architecture(
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


def get_trainer_class()""",
)
_architecture(
    "trainer-architecture-2-2",
    "builds the network with the signature of nnU-Net 2.2",
    """
    @staticmethod
    def build_network_architecture(
        plans_manager, dataset_json, configuration_manager, num_input_channels,
        enable_deep_supervision=True,
    ):
        raise NotImplementedError


def get_trainer_class()""",
)
_architecture(
    "trainer-architecture-any",
    "builds the network from any arguments",
    """
    @staticmethod
    def build_network_architecture(*arguments, **options):
        return nnUNetTrainer.build_network_architecture(*arguments, **options)


def get_trainer_class()""",
)
_architecture(
    "trainer-architecture-method",
    "builds the network in an ordinary method",
    """
    def build_network_architecture(
        self, architecture_class_name, arch_init_kwargs, arch_init_kwargs_req_import,
        num_input_channels, num_output_channels, enable_deep_supervision=True,
    ):
        raise NotImplementedError


def get_trainer_class()""",
)
_architecture(
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


def get_trainer_class()""",
)
