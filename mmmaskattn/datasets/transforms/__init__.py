"""The low-resolution pipeline."""
