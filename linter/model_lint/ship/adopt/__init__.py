"""Make a new package of an old one.

The files of the old package are laid out as nnU-Net's results folder, and that is packed as
``model-lint pack`` packs any other: there is one way to write a package.
"""
