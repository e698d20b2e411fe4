"""The version of mmmaskattn and the versions that it supports: the one place where they are written.

Plain literals, one a line: ``setup.py`` and ``tools/setup_env.sh`` read this file before anything is installed.
"""

__version__ = '0.1.0'

SUPPORTED = {
    'python': ('3.9', '3.11'),
    'torch': ('2.1', '2.13.0'),
    'mmengine': ('0.10.7', '0.10.7'),
    'mmcv': ('2.0.0', '2.1.0'),
    'mmsegmentation': ('1.2.2', '1.2.2'),
    'mmdet': ('3.3.0', '3.3.0'),
    'numpy': ('1.26', '2.4'),
    'opencv-python': ('4.12', '5.0'),
}
"""By distribution the oldest version that is supported, and the newest, which is the one that the tests run with.

Later patch releases of the newest are covered too.
"""
