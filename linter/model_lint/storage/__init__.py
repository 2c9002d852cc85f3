"""Folders and zips as trees of files, every limit on reading them, and the zip format."""
