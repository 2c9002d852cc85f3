"""Try a package: load it in nnU-Net, predict an image, and say what became of it.

The code of a package runs only in a process of its own, with limits (`inside`).
"""
