"""Lint, explain and pack nnU-Net segmentation models for the Spinal Cord Toolbox."""

__version__ = "0.1.0"
