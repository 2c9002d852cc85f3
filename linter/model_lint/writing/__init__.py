"""Writers of packages and checkpoints: complete or not at all, and the same bytes each time."""
