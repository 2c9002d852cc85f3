"""nnU-Net's image readers, which it finds by name or by the ending of the image files.

They are those of ``nnunetv2.imageio`` 2.8.1. SCT's fork (2.6.2) has the same except
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
#: Those that ``determine_reader_writer_from_file_ending`` knows, in small letters or capitals.
FILE_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha", ".gipl", ".png", ".bmp", ".tif", ".tiff")
