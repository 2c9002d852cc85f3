"""What was found: frozen, and whole even where a part can't be read."""
