# ruff: noqa: E501 - SCT has long lines
"""A miniature of SCT: the files that `sct` changes, with the habits of SCT's authors.

Written for the tests: it has SCT's forms (dicts of literals and of code, comments, odd indentation,
tables and tests), and none of its text.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from rules.test_repository import git

MODELS_PATH = "spinalcordtoolbox/deepseg/models.py"
GALLERY_PATH = "documentation/source/user_section/command-line/sct_deepseg.rst"
CITING_PATH = "documentation/source/user_section/citing_sct.rst"
PAGES = "documentation/source/user_section/command-line/deepseg"
TEST_PATH = "testing/cli/test_sct_deepseg.py"

#: OWNER in the addresses is replaced.
MODELS = '''\
"""Models and tasks, in miniature."""

import textwrap
from importlib.metadata import metadata

# What follows is data.
MODELS = {
    "cord_of_mice": {
        "url": [
            "HUB/OWNER/cord_of_mice/releases/download/r20200101/r20200101_cord_of_mice.zip",
            "https://mirror.example.org/abc/download?version=6",
        ],
        "description": "Cord of mice.",
        "contrasts": ["t1"],
        "thr": 0.0,  # Only shown
        "default": False,
    },
    # NB: thresholds
    #   - above: {in the model}, below: "here"
    "model_seg_sc_t2": {
         "url": [
             "HUB/OWNER/model_seg_sc_t2/releases/download/r20250102/model_seg_sc_t2-r20250102.zip"
         ],
         "description": "Spinal cord on T2w",
         "contrasts": ["t2"],
         "framework": "nnunetv2",
         "thr": None,  # Images are already binarized
         "default": True,
     },
    "model_seg_ms_lesion": {
         "url": {
            "model_fold0": ["HUB/OWNER/folds/releases/download/r20250909/model_fold0.zip"],
            "model_fold1": ["HUB/OWNER/folds/releases/download/r20250909/model_fold1.zip"]
         },
         "description": "Lesions of MS",
         "contrasts": ["any"],
         "framework": "nnunetv2",
         "thr": None,
         "default": False,
     },
    "whole_spine": {
         # The addresses are those of the package.
         "url": dict([text.split(', ') for text in metadata('pytest').get_all('Project-URL')
                      if text.startswith('Dataset')]),
         "description": "Everything that is in a spine, "
                        "in one image.",
         "contrasts": ["any"],
         "thr": None,
         "default": False,
     },
}


# List of tasks: region_(animal)_(contrast)
HINT = 'Crop first.'
TASKS = {
    'sc_mouse_t1':
        {'description': 'Cord segmentation on mouse MRI',
         'long_description': 'A U-Net for the cord of mice, '
                             'by `somebody`.',
         'url': 'HUB/OWNER/cord_of_mice/',
         'models': ['cord_of_mice'],
         'citation': None,
         'group': 'spinal_cord',
         'priority': -1  # Mice are less common
         },
    'spinalcord':
        {'description': 'Spinal cord on T2w',
         'long_description': HINT,
         'url': 'HUB/OWNER/model_seg_sc_t2',
         'models': ['model_seg_sc_t2'],
         'citation': textwrap.dedent("""
             ```bibtex
             @misc{some{\\v{s}}one,
                   title={Cords}, \u0020
             }
             ```"""),  # noqa E501 (line too long)
         'group': 'spinal_cord',
         'priority': 100
         },
    'lesion_ms':
        {'description': 'Lesions of MS',
         'long_description': 'Lesions.',
         'url': 'HUB/OWNER/folds',
         'models': ['model_seg_ms_lesion'],
         'citation': None,
         'group': 'pathology'
         },
    'spine':
        {'description': 'Whole spine',
         'long_description': 'Café.',
         'url': 'https://example.org/spine',
         'models': ['whole_spine'],
         'citation': None
         },
}


def get_required_contrasts(task):
    """Return the contrasts of a task."""
    return [c for model in TASKS[task]['models'] for c in MODELS[model]['contrasts']]
'''

_FIGURES = "https://raw.githubusercontent.com/spinalcordtoolbox/doc-figures/master/sct_deepseg"


def _figure(task: str) -> str:
    return f".. |{task}| image:: {_FIGURES}/{task}.png\n   :target: deepseg/{task}.html\n"


GALLERY = f"""\
.. _sct_deepseg:

sct_deepseg
===========

A gallery of models.

Spinal cord
-----------

{_figure("spinalcord")}
{_figure("sc_mouse_t1")}
Run this:

.. code::

   sct_deepseg spinalcord -i input.nii.gz

.. list-table::
   :align: center
   :widths: 25 25 25

   * - |spinalcord| ``spinalcord``
     - |sc_mouse_t1| ``sc_mouse_t1``
     -

Gray matter
-----------
   \

.. |seven| image:: {_FIGURES}/seven.png
    :target: deepseg/seven.html

.. list-table::
   :align: center
   :widths: 25 25 25

   * - |seven| ``seven``
     - ``eight``
     - ``nine``


Pathologies
-----------

{_figure("lesion_ms")}
.. list-table::
   :align: center
   :widths: 25 25 25

   * - |lesion_ms| ``lesion_ms``
     -
     -

Other structures
----------------

.. list-table::
   :align: center
   :widths: 25 25 25

   * - |spine| ``spine``
     - ``rootlets``
     - ``canal``

{_figure("spine")}

Retired models
--------------

These are replaced.

.. list-table::
   :align: center
   :widths: 33 33 33

   * - **Model**
     - **Last available**
     - **Superseded by**
   * - ``old``
     - SCT ``6.4``
     - ``spinalcord``

.. toctree::
   :hidden:
   :maxdepth: 2

   deepseg/spinalcord
   deepseg/sc_mouse_t1
   deepseg/lesion_ms
   deepseg/spine
"""

CITING = """\
Citing
######

The tasks that have a paper:

.. list-table::
    :widths: 20 80
    :header-rows: 1

    * - Task
      - References
    * - :ref:`sct_deepseg_spinalcord`
      - Somebody *et al.* "`Cords <https://example.org/cords>`__" **Journal** (2025).
"""

TEST = """\
# tests, in miniature

import pytest

import spinalcordtoolbox as sct
import spinalcordtoolbox.deepseg.models
from spinalcordtoolbox.utils.sys import sct_test_path


def test_model_dict():
    for key, value in sct.deepseg.models.MODELS.items():
        assert 'url' in value
        assert 'description' in value
        assert 'default' in value


@pytest.mark.parametrize('fname_image, fname_seg_manual, fname_out, task, thr, expected_dice', [
    (sct_test_path('t2', 't2.nii.gz'),
     sct_test_path('t2', 't2_seg-manual.nii.gz'),
     't2_seg_deepseg.nii.gz',
     'spinalcord',
     None,
     0.95),  # the genuine one
])
@pytest.mark.usefixtures("tmp_path")
def test_segment_nifti_binary_seg(fname_image, fname_seg_manual, fname_out, task, thr, expected_dice,
                                  tmp_path):
    assert task in sct.deepseg.models.TASKS


@pytest.mark.parametrize('fname_image, fnames_seg_manual, fname_out, suffixes, task, thr, expected_dice, extra_args', [
    (sct_test_path('t2', 't2_fake_lesion.nii.gz'),
     [sct_test_path('t2', 't2_sc.nii.gz'),
      None],
     't2_deepseg.nii.gz',
     ["_sc_seg", "_lesion_seg"],
     'lesion_ms',
     0.5,
     0.95,
     [])
])
def test_segment_nifti_multiclass(fname_image, fnames_seg_manual, fname_out, suffixes, task, thr, expected_dice,
                                  extra_args, tmp_path):
    assert task in sct.deepseg.models.TASKS
    assert len(suffixes) == len(fnames_seg_manual)
"""


def files(hub: str = "https://github.com", owner: str = "ivadomed") -> dict[str, str]:
    """Return the files by path."""
    models = MODELS.replace("HUB", hub).replace("OWNER", owner)
    return {
        MODELS_PATH: models,
        GALLERY_PATH: GALLERY,
        CITING_PATH: CITING,
        f"{PAGES}/spinalcord.rst": ".. _sct_deepseg_spinalcord:\n",
        TEST_PATH: TEST,
        "README.md": "# SCT\n",
        "spinalcordtoolbox/__init__.py": "",
        "spinalcordtoolbox/deepseg/__init__.py": "",
        "spinalcordtoolbox/utils/__init__.py": "",
        "spinalcordtoolbox/utils/sys.py": "def sct_test_path(*names):\n    return '/'.join(names)\n",
    }


def make(folder: Path, contents: dict[str, str] | dict[str, bytes]) -> Path:
    """Make a checkout with these files, and return it."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch", "master")
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        (folder / path).write_bytes(data)
    for key, value in (("core.autocrlf", "false"), ("user.name", "Somebody")):
        git(folder, "config", key, value)
    git(folder, "config", "user.email", "x@example.org")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "The first")
    return folder


def show(checkout: Path, *words: str) -> bytes:
    """Return what a command of git prints."""
    done = subprocess.run(["git", "-C", str(checkout), *words], check=True, capture_output=True)
    return done.stdout
