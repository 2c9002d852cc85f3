"""Folders and zips as trees of files, the limits on reading them, and the zip format."""
