"""Rules of the pickle family."""
