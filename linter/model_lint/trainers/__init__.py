"""What ``trainer_class.py`` holds, and what nnU-Net and SCT have for it."""
