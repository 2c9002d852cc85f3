"""nnU-Net's image readers, which it looks up by name, or by the ending of the image files.

Those of ``nnunetv2.imageio`` of 2.8.1. SCT's fork (2.6.2) has the same but for
``SimpleITKIOWithReorient``; SCT reads images itself.
"""

from __future__ import annotations

IMAGE_READERS = (
    "SimpleITKIO",
    "SimpleITKIOWithReorient",
    "NibabelIO",
    "NibabelIOWithReorient",
    "NaturalImage2DIO",
    "Tiff3DIO",
)
#: What ``determine_reader_writer_from_file_ending`` finds a reader for; it ignores the case.
FILE_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha", ".gipl", ".png", ".bmp", ".tif", ".tiff")
