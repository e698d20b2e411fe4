"""mmmaskattn: segmentation of low-resolution images (128x128 and below) on mmengine, mmseg and mmdet.

Importing the package registers its models, data sets and transforms, and lets torch >= 2.6 load mmengine's own
checkpoints with ``weights_only`` left on.
"""

from mmmaskattn import datasets, models
from mmmaskattn.engine.checkpoint import allow_mmengine_checkpoints
from mmmaskattn.utils.configs import base_configs
from mmmaskattn.version import __version__

allow_mmengine_checkpoints()

__all__ = ['__version__', 'base_configs', 'datasets', 'models']
