"""Helpers that belong to no other part: versions of the environment, safe files, parallel work."""
