"""Rules of the checkpoint family."""
