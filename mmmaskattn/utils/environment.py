"""What is installed, what was tested together, and what the machine offers: the report of ``python -m mmmaskattn``.

Nothing is asserted: versions outside the tested ones usually work, and who has them is better served by a warning.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import torch
from mmengine.utils import digit_version

from mmmaskattn.version import __version__


@dataclass(frozen=True)
class VersionRange:
    """Versions of one part that were tested: from ``first`` up to, and not including, ``end``.

    Attributes:
        first: The oldest version tested.
        end: The first version that is not covered.
        without: What does not work when the part is missing.
    """

    first: str
    end: str
    without: str

    def covers(self, found: str) -> bool:
        """Whether ``found``, such as '2.13.0+cpu', lies within the tested versions."""
        release = found.split('+')[0]
        return digit_version(self.first) <= digit_version(release) < digit_version(self.end)


TESTED = {
    'python': VersionRange('3.11', '3.12', 'nothing works'),
    'torch': VersionRange('2.13', '2.14', 'nothing works'),
    'numpy': VersionRange('2.4', '2.5', 'nothing works'),
    'opencv-python': VersionRange('5.0', '5.1', 'nothing works'),
    'mmengine': VersionRange('0.10.7', '0.11', 'nothing works'),
    'mmcv': VersionRange('2.1.0', '2.2', 'nothing works'),
    'mmsegmentation': VersionRange('1.2.2', '1.3', 'semantic segmentation does not work'),
    'mmdet': VersionRange('3.3.0', '3.4', 'instance and panoptic segmentation do not work'),
}
# Another distribution that brings the same modules.
STAND_INS = {'opencv-python': ('opencv-python-headless', 'opencv-contrib-python'), 'mmcv': ('mmcv-lite',)}


def installed_version(name: str) -> str | None:
    """The installed version of ``name`` (a key of ``TESTED``), or of what stands in for it; None if there is none."""
    if name == 'python':
        return platform.python_version()
    for distribution in (name, *STAND_INS.get(name, ())):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return None


def has_mmcv_ops() -> bool:
    """Whether mmcv was built with its compiled ops, which mmdet needs."""
    return find_spec('mmcv') is not None and find_spec('mmcv._ext') is not None


def devices() -> list[str]:
    """The devices that torch can use, one line each: CPU with its threads, every CUDA device, MPS."""
    lines = [f'cpu: {torch.get_num_threads()} threads']
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        lines.append(f'cuda:{index}: {properties.name}, {properties.total_memory / 2**30:.0f} GiB')
    if torch.backends.mps.is_available():
        lines.append('mps')
    return lines


def version_warnings() -> list[str]:
    """One sentence for each part that is missing or outside the tested versions: what to expect, what to do."""
    warnings = []
    for name, tested in TESTED.items():
        found = installed_version(name)
        if found is None:
            warnings.append(f'{name} is not installed: {tested.without}. Try: pip install {name}=={tested.first}')
        elif not tested.covers(found):
            warnings.append(
                f'{name} {found} was not tested with mmmaskattn {__version__} (tested: {tested.first} up to, '
                f'not including, {tested.end}). It may well work; if not, try the tested one.'
            )
    if installed_version('mmcv') and not has_mmcv_ops():
        warnings.append(
            'mmcv has no compiled ops: mmdet cannot be imported. See tools/setup_env.sh for how to build it with them.'
        )
    return warnings


def report() -> str:
    """The whole report as text: a table of versions, the devices, and the warnings."""
    lines = [f'mmmaskattn {__version__}', '', f'{"part":<16}{"installed":<16}tested']
    for name, tested in TESTED.items():
        found = installed_version(name) or 'missing'
        note = '' if name != 'mmcv' else '   with compiled ops' if has_mmcv_ops() else '   without compiled ops'
        lines.append(f'{name:<16}{found:<16}>={tested.first}, <{tested.end}{note}')
    lines += ['', 'devices', *(f'  {line}' for line in devices())]
    warnings = version_warnings()
    lines += ['', *(f'WARNING: {line}' for line in warnings)] if warnings else ['', 'All parts are of tested versions.']
    return '\n'.join(lines)
