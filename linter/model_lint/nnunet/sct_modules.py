"""The modules that a ``trainer_class.py`` can import where SCT runs it.

They are the import names of what SCT installs: its pinned requirements, those of its fork of
nnU-Net (nnunetv2-neuropoly 2.6.2) and of the packages that these need in turn. What is not in the
list may still be there by chance; what is in it, is. Of its fork of nnU-Net every module is known,
so that what is not in that list is not there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cache

#: Import names, without the standard library.
SCT_MODULES = frozenset(
    """
    absl acvl_utils auglab batchgenerators batchgeneratorsv2 bids blosc2 cc3d certifi click
    contourpy cycler dateutil deepdiff dicom2nifti dipy dynamic_network_architectures einops
    fft_conv_pytorch filelock fonttools fsspec git google graphviz grpc gryds h5py
    huggingface_hub humanize imagecodecs imageio ivadomed jinja2 joblib kiwisolver lazy_loader
    loguru lxml markupsafe matplotlib monai mpl_toolkits mpmath networkx neurite nibabel nilearn
    nnunetv2 numexpr numpy onnx onnxruntime packaging pandas PIL pip pkg_resources pluggy
    portalocker psutil pydicom pygments pylab pyparsing PyQt5 pystrum pytest pytz requests rich
    scipy seaborn sentry_sdk setuptools SimpleITK six skimage sklearn spinalcordtoolbox
    sqlalchemy sympy tensorboard threadpoolctl tifffile timm torch torchio torchvision
    totalspineseg tqdm transforms3d trx typer typing_extensions urllib3 voxelmorph wandb
    werkzeug wquantiles wrapt xlsxwriter xlwt yacs yaml zipp
    """.split()  # noqa: SIM905 (data reads best without quotes)
)

#: Packages of nnunetv2-neuropoly 2.6.2 (``.`` is ``nnunetv2``), each with its modules. The
#: ``__init__.py`` of every package is empty.
_NNUNET = """
    .: batch_running configuration dataset_conversion ensembling evaluation experiment_planning
        imageio inference model_sharing paths postprocessing preprocessing run tests training
        utilities
    ensembling: ensemble
    evaluation: accumulate_cv_results evaluate_predictions find_best_configuration
    experiment_planning: dataset_fingerprint experiment_planners plan_and_preprocess_api
        plan_and_preprocess_entrypoints plans_for_pretraining verify_dataset_integrity
    experiment_planning.dataset_fingerprint: fingerprint_extractor
    experiment_planning.experiment_planners: default_experiment_planner network_topology
        resampling resencUNet_planner residual_unets
    experiment_planning.experiment_planners.resampling: planners_no_resampling
        resample_with_torch
    experiment_planning.experiment_planners.residual_unets: residual_encoder_unet_planners
    experiment_planning.plans_for_pretraining: move_plans_between_datasets
    imageio: base_reader_writer natural_image_reader_writer nibabel_reader_writer
        reader_writer_registry simpleitk_reader_writer tif_reader_writer
    inference: JHU_inference data_iterators examples export_prediction predict_from_raw_data
        sliding_window_prediction
    model_sharing: entry_points model_download model_export model_import
    postprocessing: remove_connected_components
    preprocessing: cropping normalization preprocessors resampling
    preprocessing.cropping: cropping
    preprocessing.normalization: default_normalization_schemes map_channel_name_to_normalization
    preprocessing.preprocessors: default_preprocessor
    preprocessing.resampling: default_resampling no_resampling resample_torch utils
    run: load_pretrained_weights run_training
    training: data_augmentation dataloading logging loss lr_scheduler nnUNetTrainer
    training.data_augmentation: compute_initial_patch_size custom_transforms
    training.data_augmentation.custom_transforms: cascade_transforms
        deep_supervision_donwsampling masking region_based_training transforms_for_dummy_2d
    training.dataloading: data_loader nnunet_dataset utils
    training.logging: nnunet_logger
    training.loss: compound_losses deep_supervision dice robust_ce_loss
    training.lr_scheduler: polylr warmup
    training.nnUNetTrainer: nnUNetTrainer primus variants
    training.nnUNetTrainer.primus: primus_trainers
    training.nnUNetTrainer.variants: benchmarking competitions data_augmentation loss
        lr_schedule network_architecture optimizer sampling training_length
    training.nnUNetTrainer.variants.benchmarking: nnUNetTrainerBenchmark_5epochs
        nnUNetTrainerBenchmark_5epochs_noDataLoading
    training.nnUNetTrainer.variants.competitions: aortaseg24
    training.nnUNetTrainer.variants.data_augmentation: nnUNetTrainerDA5 nnUNetTrainerDAOrd0
        nnUNetTrainerNoDA nnUNetTrainerNoMirroring nnUNetTrainer_noDummy2DDA
    training.nnUNetTrainer.variants.loss: nnUNetTrainerCELoss nnUNetTrainerDiceLoss
        nnUNetTrainerTopkLoss
    training.nnUNetTrainer.variants.lr_schedule: nnUNetTrainerCosAnneal nnUNetTrainer_warmup
    training.nnUNetTrainer.variants.network_architecture: nnUNetTrainerBN
        nnUNetTrainerNoDeepSupervision
    training.nnUNetTrainer.variants.optimizer: nnUNetTrainerAdam nnUNetTrainerAdan
    training.nnUNetTrainer.variants.sampling: nnUNetTrainer_probabilisticOversampling
    training.nnUNetTrainer.variants.training_length: nnUNetTrainer_Xepochs
        nnUNetTrainer_Xepochs_NoMirroring
    utilities: collate_outputs crossval_split dataset_name_id_conversion ddp_allgather
        default_n_proc_DA file_path_utilities find_class_by_name get_network_from_plans helpers
        json_export label_handling network_initialization overlay_plots plans_handling utils
    utilities.label_handling: label_handling
    utilities.plans_handling: plans_handler
"""
#: Packages of it that are not listed: no trainer needs them.
_UNLISTED = frozenset({"batch_running", "dataset_conversion", "tests"})

#: Modules that Python 3.12 to 3.14 dropped from the standard library, but SCT's Python 3.10 has.
_DROPPED = frozenset(
    """
    aifc asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib
    nis nntplib ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib
    """.split()  # noqa: SIM905 (data reads best without quotes)
)

#: Modules that Python 3.11 to 3.14 added.
_ADDED = frozenset({"annotationlib", "compression", "tomllib"})


def is_in_sct(module: str) -> bool:
    """Return whether an SCT installation can import a module, judged by its first part."""
    top = module.partition(".")[0]
    if top in _ADDED:
        return False
    return top in SCT_MODULES or top in sys.stdlib_module_names or top in _DROPPED


def missing_in_nnunet(module: str, names: Iterable[str] = ()) -> str | None:
    """Return the module that ``from module import names`` needs and SCT's nnU-Net lacks.

    None where it has all of them, and where ``module`` is none of nnU-Net's.
    """
    top, _, inner = module.partition(".")
    if top != "nnunetv2" or inner.partition(".")[0] in _UNLISTED:
        return None
    packages = nnunet_modules()
    if inner in packages:
        known = packages[inner]
        lacking = (n for n in names if n != "*" and n[:2] != "__" and n not in known)
        return next((f"{module}.{name}" for name in lacking), None)
    package, _, last = inner.rpartition(".")
    return None if last in packages.get(package, ()) else module


@cache
def nnunet_modules() -> Mapping[str, frozenset[str]]:
    """Return the names of the modules in each package of SCT's nnU-Net; "" is ``nnunetv2``."""
    found: dict[str, frozenset[str]] = {}
    package = ""
    for word in _NNUNET.split():
        if word.endswith(":"):
            package = word.strip(".:")
            found[package] = frozenset()
        else:
            found[package] |= {word}
    return found
