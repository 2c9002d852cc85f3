"""Repairs that are safe and unambiguous, made in a new zip."""
