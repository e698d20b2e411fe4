"""Spoiling of a json file for tests of what a reader refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path


def write_edited(source: Path, folder: Path, edit: Callable[[dict], object]) -> str:
    """Copy a json with a change to ``edited.json`` in a folder and return its path."""
    content = json.loads(source.read_text(encoding='utf-8'))
    edit(content)
    path = folder / 'edited.json'
    path.write_text(json.dumps(content), encoding='utf-8')
    return str(path)
