"""What was found: frozen, and complete even if a part can't be read."""
