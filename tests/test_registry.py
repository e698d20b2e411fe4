"""Our names are found with the scope's prefix without an import, and plain after ``import mmmaskattn``."""

import sys

import pytest
from small_job import run

LOOK_UP = """
import {imports}
from {registry}.registry import MODELS
for name in ('MaskAttnUNet', 'MaskAttnDecoder', 'CrossProcessBN'):
    print(MODELS.get('{prefix}' + name).__module__)
"""


@pytest.mark.slow
@pytest.mark.parametrize('registry', ['mmengine', 'mmseg', 'mmdet'])
@pytest.mark.parametrize('prefixed', [True, False])
def test_names_are_found_in_a_fresh_process(tmp_path, registry, prefixed):
    imports, prefix = (registry, 'mmmaskattn.') if prefixed else (f'mmmaskattn, {registry}', '')
    code = LOOK_UP.format(imports=imports, registry=registry, prefix=prefix)
    done = run([sys.executable, '-c', code], tmp_path)
    assert done.returncode == 0, done.stdout
    found = done.stdout.splitlines()[-3:]
    assert all(module.startswith('mmmaskattn.models.') for module in found), done.stdout
