"""What is installed, what is supported, and what the machine offers: the report of ``python -m mmmaskattn``.

Nothing is asserted: other versions often work, and who has them is better served by a warning.
"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import torch
from mmengine.utils import digit_version

from mmmaskattn.version import SUPPORTED, __version__

WITHOUT = {
    'mmsegmentation': 'semantic segmentation does not work',
    'mmdet': 'instance and panoptic segmentation do not work',
}
"""What does not work when a part is missing; without any other part nothing does."""
# Another distribution that brings the same modules.
STAND_INS = {'opencv-python': ('opencv-python-headless', 'opencv-contrib-python'), 'mmcv': ('mmcv-lite',)}


def installed_version(name: str) -> str | None:
    """The installed version of a key of ``SUPPORTED``, or of what stands in for it; None if there is none."""
    if name == 'python':
        return platform.python_version()
    for distribution in (name, *STAND_INS.get(name, ())):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return None


def is_supported(name: str, found: str) -> bool:
    """Whether a version, such as '2.13.0+cpu', lies from the oldest supported to the newest, or a later patch of it."""
    oldest, newest = (digit_version(bound) for bound in SUPPORTED[name])
    release = digit_version(found.split('+')[0])
    return oldest <= release and release[:2] <= newest[:2]


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
    """One sentence for each part that is missing or outside the supported versions: what to expect, what to do."""
    warnings = []
    for name, (oldest, newest) in SUPPORTED.items():
        found = installed_version(name)
        if found is None:
            effect = WITHOUT.get(name, 'nothing works')
            warnings.append(f'{name} is not installed: {effect}. Try: pip install {name}=={newest}')
        elif not is_supported(name, found):
            warnings.append(
                f'{name} {found} is not among the versions that mmmaskattn {__version__} supports, {oldest} to '
                f'{newest}. It may well work; if not, try {newest}, with which the tests run.'
            )
    if installed_version('mmcv') and not has_mmcv_ops():
        warnings.append(
            'mmcv has no compiled ops: mmdet cannot be imported. See tools/setup_env.sh for how to build it with them.'
        )
    return warnings


def report() -> str:
    """The whole report as text: a table of versions, the devices, and the warnings."""
    lines = [f'mmmaskattn {__version__}', '', f'{"part":<16}{"installed":<16}supported']
    for name, (oldest, newest) in SUPPORTED.items():
        found = installed_version(name) or 'missing'
        note = '' if name != 'mmcv' else '   with compiled ops' if has_mmcv_ops() else '   without compiled ops'
        lines.append(f'{name:<16}{found:<16}{oldest} to {newest}{note}')
    lines += ['', 'devices', *(f'  {line}' for line in devices())]
    warnings = version_warnings()
    lines += ['', *(f'WARNING: {line}' for line in warnings)] if warnings else ['', 'All parts are supported versions.']
    return '\n'.join(lines)
