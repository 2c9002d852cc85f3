"""Bytes in a place, and every limit on reading them; the zip format, read and written."""
