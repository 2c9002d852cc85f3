"""Rules of the archive family."""
