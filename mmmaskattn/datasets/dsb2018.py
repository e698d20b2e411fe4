"""The nuclei of the Data Science Bowl 2018: one thing, and the background as one kind of stuff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmmaskattn.datasets.categories import Category
from mmmaskattn.datasets.class_labels import metainfo_of
from mmmaskattn.datasets.coco import CocoInstanceDataset, CocoJsonDataset, CocoPanopticDataset, instance_metainfo
from mmmaskattn.registry import DATASETS
from mmmaskattn.utils.option_types import Name

DSB2018_PANOPTIC_CATEGORIES = (
    Category(1, 'nucleus', True, (220, 20, 60)),
    Category(2, 'background', False, (64, 64, 64)),
)
DSB2018_INSTANCE_CATEGORIES = DSB2018_PANOPTIC_CATEGORIES[:1]


class ModalityMixin(CocoJsonDataset):
    """Leaves out images by the ``modality`` that their json entries carry.

    Args:
        *args: See `CocoJsonDataset`.
        leave_out: Modalities to leave out, for example ``('brightfield_grey',)``, whose nuclei are only a few pixels
            large at 128x128.
        **kwargs: See `CocoJsonDataset`.

    Raises:
        ValueError: If images are to be left out and one has no modality; the message names the file.
    """

    def __init__(self, *args: Any, leave_out: Sequence[Name] = (), **kwargs: Any) -> None:
        self.leave_out = tuple(leave_out)
        super().__init__(*args, **kwargs)

    def is_wanted(self, image: dict) -> bool:
        """Whether an image is of a modality that is not left out.

        Args:
            image: Its entry in the json.
        """
        if self.leave_out and 'modality' not in image:
            raise ValueError(f'{self.ann_file}: image {image["id"]!r} has no modality, but leave_out={self.leave_out}.')
        return image.get('modality') not in self.leave_out


@DATASETS.register_module()
class DSB2018InstanceDataset(ModalityMixin, CocoInstanceDataset):
    """Nuclei as instances; see `CocoInstanceDataset` for options and samples.

    Expected under ``data_root``: ``annotations/instances_{train,val,test}.json`` and the images in
    ``images/{train,val,test}/``.
    """

    CATEGORIES = DSB2018_INSTANCE_CATEGORIES
    METAINFO = instance_metainfo(DSB2018_INSTANCE_CATEGORIES)


@DATASETS.register_module()
class DSB2018PanopticDataset(ModalityMixin, CocoPanopticDataset):
    """Nuclei and background; see `CocoPanopticDataset` for options and samples.

    Expected under ``data_root``: ``annotations/panoptic_{train,val,test}.json``, the pictures in
    ``panoptic/{train,val,test}/`` and the images in ``images/{train,val,test}/``.
    """

    CATEGORIES = DSB2018_PANOPTIC_CATEGORIES
    METAINFO = metainfo_of(DSB2018_PANOPTIC_CATEGORIES)
