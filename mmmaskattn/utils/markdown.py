"""Markdown tables and rounded numbers."""

from __future__ import annotations

from mmmaskattn_console.table import markdown_table

__all__ = ['giga', 'markdown_table', 'mega']


def giga(number: int) -> str:
    """``number`` in billions, e.g. ``0.461 G``."""
    return f'{number / 1e9:.3f} G'


def mega(number: int) -> str:
    """``number`` in millions, e.g. ``3.752 M``."""
    return f'{number / 1e6:.3f} M'
