"""Facts of nnU-Net and of SCT's fork of it, as pure functions."""
