"""Accuracy over seeds: runs and their table."""
