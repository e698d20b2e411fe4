"""Layers, backbones and necks serve mmseg and mmdet alike: they import neither."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mmmaskattn

MODELS = Path(mmmaskattn.__file__).parent / 'models'


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or '')
    return names


@pytest.mark.parametrize('folder', ['layers', 'backbones', 'necks'])
def test_neither_mmseg_nor_mmdet_is_imported(folder: str):
    files = sorted((MODELS / folder).glob('*.py'))
    assert files
    for path in files:
        hosts = {name for name in imported(path) if name.split('.')[0] in ('mmseg', 'mmdet')}
        ours = {name for name in imported(path) if name.startswith('mmmaskattn.models.')}
        assert not hosts, path
        assert all(name.split('.')[2] not in ('decode_heads', 'dense_heads', 'detectors') for name in ours), path
