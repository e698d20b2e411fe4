"""The package and its pipeline without mmseg and mmdet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import importlib.util, sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('mmseg', 'mmdet'):
            raise ModuleNotFoundError(name)

real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in ('mmseg', 'mmdet') else real(name, package)
sys.meta_path.insert(0, Hide())
import numpy as np
from mmmaskattn import datasets
from mmmaskattn.registry import TRANSFORMS
assert not hasattr(datasets, 'CamVidDataset')
resize = TRANSFORMS.build(dict(type='LowResResize', size=32))
print(resize(dict(img=np.zeros((50, 60, 3), np.uint8)))['img'].shape)
"""


def test_transforms_work_without_mmseg_and_mmdet():
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == '(32, 32, 3)'
