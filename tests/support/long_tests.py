"""What is left to the long tests: see the markers in pyproject.toml."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def first_of(values: Iterable[Any], count: int = 1) -> list:
    """Parameters of a test: the first in every run, the others in the long tests."""
    return [pytest.param(one, marks=pytest.mark.long if place >= count else ()) for place, one in enumerate(values)]
