"""The command ``mmmaskattn`` and what it needs to be quick: help, errors, the list of models.

It imports neither torch nor a host. ``mmmaskattn``, whose import takes seconds, is imported by the commands that use
it, once their words are read; it builds on this package.
"""
