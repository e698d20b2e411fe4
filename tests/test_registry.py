"""Our names are found with the scope's prefix without an import, and plain after ``import mmmaskattn``."""

import sys

import pytest
from long_tests import first_of
from small_job import run

HOSTS = ('mmengine', 'mmseg', 'mmdet')
LOOK_UP = """
import {imports}
from {registry}.registry import MODELS
for name in ('MaskAttnUNet', 'MaskAttnDecoder', 'CrossProcessBN'):
    print(MODELS.get('{prefix}' + name).__module__)
"""


def found_by(code: str, cwd) -> list[str]:
    """The modules that a fresh process prints."""
    done = run([sys.executable, '-c', code], cwd)
    assert done.returncode == 0, done.stdout
    return [line for line in done.stdout.splitlines() if line.startswith('mmmaskattn.models.')]


@pytest.mark.slow
@pytest.mark.parametrize('registry', first_of(HOSTS))
def test_prefixed_names_are_found_without_an_import_and_plain_ones_after_it(tmp_path, registry):
    code = [LOOK_UP.format(imports=registry, registry=registry, prefix='mmmaskattn.')]
    code += [LOOK_UP.format(imports=f'mmmaskattn, {one}', registry=one, prefix='') for one in HOSTS]
    assert len(found_by('\n'.join(code), tmp_path)) == 3 + 9
