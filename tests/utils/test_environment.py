import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from mmmaskattn.utils import environment
from mmmaskattn.utils.environment import (
    TESTED,
    VersionRange,
    devices,
    has_mmcv_ops,
    installed_version,
    report,
    version_warnings,
)

ROOT = Path(__file__).resolve().parents[2]


def run_module(**kwargs):
    return subprocess.run(
        [sys.executable, '-m', 'mmmaskattn'], cwd=ROOT, capture_output=True, text=True, check=False, **kwargs
    )


def test_command_prints_every_part_with_its_version():
    done = run_module()
    assert done.returncode == 0, done.stderr
    for name in TESTED:
        assert re.search(rf'^{name} +{re.escape(installed_version(name))} +>=', done.stdout, re.MULTILINE), name
    assert 'cpu: ' in done.stdout


@pytest.mark.parametrize('name', ['torch', 'numpy', 'mmengine', 'mmcv', 'mmsegmentation', 'mmdet'])
def test_installed_version_is_that_of_the_distribution(name):
    assert installed_version(name) == version(name)


def test_installed_version_of_python_and_of_nothing():
    assert installed_version('python') == platform.python_version()
    assert installed_version('no-such-package-anywhere') is None


@pytest.mark.parametrize(
    ('found', 'covered'),
    [
        ('2.13.0', True),
        ('2.13.0+cpu', True),
        ('2.13.1+cu130', True),
        ('2.12.9', False),
        ('2.14.0', False),
        ('2.9.0', False),
    ],
)
def test_covers_compares_numbers_and_ignores_the_build(found, covered):
    assert VersionRange('2.13', '2.14', '').covers(found) is covered


def test_covers_places_a_prerelease_before_its_release():
    assert not VersionRange('0.10.7', '0.11', '').covers('0.11.0')
    assert not VersionRange('0.10.7', '0.11', '').covers('0.10.7rc1')


def test_untested_version_is_warned_about(monkeypatch):
    monkeypatch.setitem(environment.TESTED, 'torch', VersionRange('1.0', '1.1', ''))
    (warning,) = [line for line in version_warnings() if line.startswith('torch')]
    assert torch.__version__ in warning
    assert '1.0 up to, not including, 1.1' in warning
    assert f'WARNING: {warning}' in report()


def test_missing_part_is_warned_about_with_what_to_do(monkeypatch):
    monkeypatch.setitem(environment.TESTED, 'no-such-package', VersionRange('3.3.0', '3.4', 'no panoptic segmentation'))
    (warning,) = [line for line in version_warnings() if line.startswith('no-such-package')]
    assert warning == (
        'no-such-package is not installed: no panoptic segmentation. Try: pip install no-such-package==3.3.0'
    )
    assert re.search(r'no-such-package +missing', report())


def test_mmcv_ops_are_found_as_they_are():
    ops = subprocess.run([sys.executable, '-c', 'import mmcv.ops'], capture_output=True, check=False)
    assert has_mmcv_ops() is (ops.returncode == 0)


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
    assert 'WARNING: torch' not in done.stdout or not TESTED['torch'].covers(torch.__version__)
