"""Checks of what a config says of its data, before anything is built of it."""
