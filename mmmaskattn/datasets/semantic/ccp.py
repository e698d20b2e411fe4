"""Clothing Co-Parsing: photographs of people, their clothes labelled by pixel, in 12 groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmseg.datasets import BaseSegDataset

from mmmaskattn.datasets.checks.class_names import check_class_names
from mmmaskattn.registry import DATASETS
from mmmaskattn.utils.option_types import Name

# The group of each of the 59 labels, in the order of the data set's label list; many labels are too rare to be learned.
GROUP_OF_LABEL = (
    *(0, 11, 10, 11, 4, 3, 5, 9, 3, 11, 4, 4, 9, 4, 5, 11, 9, 11, 11, 2),
    *(11, 9, 3, 5, 4, 6, 3, 6, 9, 11, 11, 6, 9, 10, 11, 5, 9, 11, 3, 9),
    *(6, 1, 7, 9, 8, 8, 4, 11, 3, 3, 5, 3, 11, 8, 3, 4, 10, 11, 9),
)


@DATASETS.register_module()
class CCPDataset(BaseSegDataset):
    """CCP with its 59 labels taken together as 12 groups: 753 training, 50 validation and 201 test images.

    The files are read as `BaseSegDataset` reads them, with `.jpg` images and label maps of the original 59 indices. How
    they are made of the published ones: docs/how-to/prepare-datasets.md.

    Args:
        img_suffix: Of the images.
        seg_map_suffix: Of the label maps.
        **kwargs: Those of ``BaseSegDataset``.
    """

    METAINFO = dict(
        classes=(
            'background',
            'skin',
            'hair',
            'top',
            'outerwear',
            'dress',
            'trousers',
            'skirt',
            'legwear',
            'shoes',
            'bag',
            'accessory',
        ),
        palette=[
            [0, 0, 0],
            [240, 190, 150],
            [110, 60, 20],
            [220, 50, 50],
            [60, 100, 200],
            [200, 80, 200],
            [40, 140, 80],
            [240, 160, 40],
            [120, 120, 180],
            [150, 90, 60],
            [80, 200, 200],
            [250, 230, 70],
        ],
    )

    def __init__(self, img_suffix: Name = '.jpg', seg_map_suffix: Name = '.png', **kwargs: Any) -> None:
        super().__init__(img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | None = None) -> dict:
        check_class_names(metainfo)
        return super()._load_metainfo(metainfo)

    def load_data_list(self) -> list[dict]:
        """List the images, each with the way from the file's labels to the classes."""
        chosen = self.label_map or {}
        labels = {label: chosen.get(group, group) for label, group in enumerate(GROUP_OF_LABEL)}
        return [dict(info, label_map=labels) for info in super().load_data_list()]
