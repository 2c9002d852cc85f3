"""A checkpoint (``.pth``) without torch: its zip, its pickle, what it says, and writing one."""
