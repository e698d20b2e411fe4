"""Evaluation: the two protocols."""
