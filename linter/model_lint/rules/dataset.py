"""Rules of the dataset family."""
