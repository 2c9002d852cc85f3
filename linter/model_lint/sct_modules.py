"""The modules that a ``trainer_class.py`` can import where SCT runs it.

They are the import names of what SCT installs: its pinned requirements, those of its fork of
nnU-Net (nnunetv2-neuropoly 2.6.2) and of the packages that these need in turn. What is not in the
list may still be there by chance; what is in it, is.
"""

from __future__ import annotations

import sys

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


#: Modules that Python 3.12 to 3.14 dropped from the standard library, but SCT's Python 3.10 has.
_DROPPED = frozenset(
    """
    aifc asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib
    nis nntplib ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib
    """.split()  # noqa: SIM905 (data reads best without quotes)
)


def is_in_sct(module: str) -> bool:
    """Return whether an SCT installation can import a module, judged by its first part."""
    top = module.partition(".")[0]
    return top in SCT_MODULES or top in sys.stdlib_module_names or top in _DROPPED
