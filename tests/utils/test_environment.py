import importlib
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from warm_python import warm_python

from mmmaskattn.utils import environment
from mmmaskattn.utils.environment import (
    devices,
    has_mmcv_ops,
    installed_version,
    is_supported,
    report,
    version_warnings,
)
from mmmaskattn.version import SUPPORTED

ROOT = Path(__file__).resolve().parents[2]


def run_module(**kwargs):
    return subprocess.run(
        [warm_python(), '-m', 'mmmaskattn'], cwd=ROOT, capture_output=True, text=True, check=False, **kwargs
    )


def test_command_prints_every_part_with_its_version():
    done = run_module()
    assert done.returncode == 0, done.stderr
    for name in SUPPORTED:
        assert re.search(
            rf'^{name} +{re.escape(installed_version(name))} +{re.escape(SUPPORTED[name][0])} to ',
            done.stdout,
            re.MULTILINE,
        ), name
    assert 'cpu: ' in done.stdout


@pytest.mark.parametrize('name', ['torch', 'numpy', 'mmengine', 'mmcv', 'mmsegmentation', 'mmdet'])
def test_installed_version_is_that_of_the_distribution(name):
    assert installed_version(name) == version(name)


def test_installed_version_of_python_and_of_nothing():
    assert installed_version('python') == platform.python_version()
    assert installed_version('no-such-package-anywhere') is None


@pytest.mark.parametrize(
    ('found', 'supported'),
    [
        ('2.13.0', True),
        ('2.13.0+cpu', True),
        ('2.13.1+cu130', True),
        ('2.9.0', True),
        ('2.1', True),
        ('2.0.9', False),
        ('2.14.0', False),
    ],
)
def test_versions_are_compared_by_numbers_without_the_build(monkeypatch, found, supported):
    monkeypatch.setitem(environment.SUPPORTED, 'torch', ('2.1', '2.13.0'))
    assert is_supported('torch', found) is supported


def test_a_prerelease_comes_before_its_release(monkeypatch):
    monkeypatch.setitem(environment.SUPPORTED, 'mmengine', ('0.10.7', '0.10.7'))
    assert not is_supported('mmengine', '0.11.0')
    assert not is_supported('mmengine', '0.10.7rc1')


def test_unsupported_version_is_warned_about(monkeypatch):
    monkeypatch.setitem(environment.SUPPORTED, 'torch', ('1.0', '1.1'))
    (warning,) = [line for line in version_warnings() if line.startswith('torch')]
    assert torch.__version__ in warning
    assert '1.0 to 1.1' in warning
    assert f'WARNING: {warning}' in report()


def test_missing_part_is_warned_about_with_what_to_do(monkeypatch):
    monkeypatch.setitem(environment.SUPPORTED, 'no-such-package', ('3.3.0', '3.4.0'))
    monkeypatch.setitem(environment.WITHOUT, 'no-such-package', 'no panoptic segmentation')
    (warning,) = [line for line in version_warnings() if line.startswith('no-such-package')]
    assert warning == (
        'no-such-package is not installed: no panoptic segmentation. Try: pip install no-such-package==3.4.0'
    )
    assert re.search(r'no-such-package +missing', report())


def test_mmcv_ops_are_found_as_they_are():
    try:
        importlib.import_module('mmcv.ops')
        there = True
    except ImportError:
        there = False
    assert has_mmcv_ops() is there


def test_missing_ops_are_warned_about(monkeypatch):
    monkeypatch.setattr(environment, 'has_mmcv_ops', lambda: False)
    assert any('no compiled ops' in line for line in version_warnings())
    assert 'without compiled ops' in report()


def test_devices_are_those_of_torch():
    lines = devices()
    assert lines[0] == f'cpu: {torch.get_num_threads()} threads'
    assert sum(line.startswith('cuda:') for line in lines) == torch.cuda.device_count()


def test_command_works_and_warns_without_mmseg_and_mmdet(tmp_path):
    """With a path that holds all packages but mmseg and mmdet, as on a machine that lacks them."""
    site = Path(torch.__file__).parents[1]
    for entry in site.iterdir():
        if not entry.name.lower().startswith(('mmseg', 'mmdet', '__editable__')):
            (tmp_path / entry.name).symlink_to(entry)
    done = subprocess.run(
        [sys.executable, '-S', '-m', 'mmmaskattn'],
        cwd=ROOT,
        env={'PYTHONPATH': str(tmp_path), 'PATH': ''},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in ('mmsegmentation', 'mmdet'):
        assert f'WARNING: {name} is not installed' in done.stdout
    assert 'WARNING: torch' not in done.stdout or not is_supported('torch', torch.__version__)
