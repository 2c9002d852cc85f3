"""Read and write a checkpoint (``.pth``) without torch: its zip, its pickle, its model."""
