"""The 19 classes of Cityscapes that are evaluated: 8 things, then 11 kinds of stuff; ids are the official labelIds."""

from __future__ import annotations

from mmmaskattn.datasets.category import Category

CITYSCAPES_PANOPTIC_CATEGORIES = (
    Category(24, 'person', True, (220, 20, 60)),
    Category(25, 'rider', True, (255, 0, 0)),
    Category(26, 'car', True, (0, 0, 142)),
    Category(27, 'truck', True, (0, 0, 70)),
    Category(28, 'bus', True, (0, 60, 100)),
    Category(31, 'train', True, (0, 80, 100)),
    Category(32, 'motorcycle', True, (0, 0, 230)),
    Category(33, 'bicycle', True, (119, 11, 32)),
    Category(7, 'road', False, (128, 64, 128)),
    Category(8, 'sidewalk', False, (244, 35, 232)),
    Category(11, 'building', False, (70, 70, 70)),
    Category(12, 'wall', False, (102, 102, 156)),
    Category(13, 'fence', False, (190, 153, 153)),
    Category(17, 'pole', False, (153, 153, 153)),
    Category(19, 'traffic light', False, (250, 170, 30)),
    Category(20, 'traffic sign', False, (220, 220, 0)),
    Category(21, 'vegetation', False, (107, 142, 35)),
    Category(22, 'terrain', False, (152, 251, 152)),
    Category(23, 'sky', False, (70, 130, 180)),
)
CITYSCAPES_INSTANCE_CATEGORIES = tuple(category for category in CITYSCAPES_PANOPTIC_CATEGORIES if category.isthing)
