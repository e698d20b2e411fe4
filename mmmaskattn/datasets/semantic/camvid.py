"""CamVid, in the layouts that are found on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from mmseg.datasets import BaseSegDataset

from mmmaskattn.datasets.checks.class_names import check_class_names
from mmmaskattn.datasets.checks.scanned_folder import read_name_list
from mmmaskattn.registry import DATASETS
from mmmaskattn.utils.option_types import Name


def find_layout(data_root: str, split: str) -> tuple[str, str]:
    """Find the image and label folders of a split.

    Args:
        data_root: Folder of the data set.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Returns:
        Image and label folder, relative to ``data_root``.

    Raises:
        FileNotFoundError: If neither layout is there.
    """
    layouts = [(split, f'{split}annot'), (f'images/{split}', f'labels/{split}')]
    for images, labels in layouts:
        if (Path(data_root) / images).is_dir() and (Path(data_root) / labels).is_dir():
            return images, labels
    known = ' nor '.join(f'{images} with {labels}' for images, labels in layouts)
    raise FileNotFoundError(
        f'{Path(data_root).absolute()}: holds neither {known}. Set data_root of the CamVid data set (variable '
        f'CAMVID_ROOT of the environment) to a folder in one of these layouts.'
    )


_SEGNET_VOID = 11


@DATASETS.register_module()
class CamVidDataset(BaseSegDataset):
    """CamVid, 367 training, 101 validation and 233 test images, in either of two folder layouts.

    SegNet's: ``train/*.png`` and ``trainannot/*.png`` (and ``val``, ``test``), void labelled 11. Or
    ``images/train/*.png`` and ``labels/train/*.png``, void labelled 255. The layout is found from the folders under
    ``data_root``. A list ``train.txt`` under ``data_root`` selects the images: a line is a file stem or, as in
    SegNet's own lists, two paths. Without it, all images of the folder are used.

    Args:
        data_root: Folder of the data set.
        split: ``'train'``, ``'val'`` or ``'test'``.
        img_suffix: Suffix of the images.
        seg_map_suffix: Suffix of the label maps.
        **kwargs: Options of `BaseSegDataset`.

    Raises:
        FileNotFoundError: If neither layout is there; the message names both.
    """

    METAINFO = dict(
        classes=(
            'sky',
            'building',
            'pole',
            'road',
            'pavement',
            'tree',
            'sign_symbol',
            'fence',
            'car',
            'pedestrian',
            'bicyclist',
        ),
        palette=[
            [128, 128, 128],
            [128, 0, 0],
            [192, 192, 128],
            [128, 64, 128],
            [60, 40, 222],
            [128, 128, 0],
            [192, 128, 128],
            [64, 64, 128],
            [64, 0, 128],
            [64, 64, 0],
            [0, 128, 192],
        ],
    )

    def __init__(
        self,
        data_root: Name,
        split: Literal['train', 'val', 'test'] = 'train',
        img_suffix: Name = '.png',
        seg_map_suffix: Name = '.png',
        **kwargs: Any,
    ) -> None:
        images, labels = find_layout(data_root, split)
        kwargs.setdefault('data_prefix', dict(img_path=images, seg_map_path=labels))
        kwargs.setdefault('ann_file', f'{split}.txt')
        super().__init__(data_root=data_root, img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | None = None) -> dict:
        check_class_names(metainfo)
        return super()._load_metainfo(metainfo)

    def load_data_list(self) -> list[dict]:
        """List the split."""
        images, labels = Path(self.data_prefix['img_path']), Path(self.data_prefix['seg_map_path'])
        stems = self._stems(images)
        if not stems:
            raise FileNotFoundError(f'{images}: no file named *{self.img_suffix} in it.')
        label_map = {**(self.label_map or {}), _SEGNET_VOID: self.ignore_index}
        return [
            dict(
                img_path=str(images / f'{stem}{self.img_suffix}'),
                seg_map_path=str(labels / f'{stem}{self.seg_map_suffix}'),
                label_map=label_map,
                reduce_zero_label=self.reduce_zero_label,
                seg_fields=[],
            )
            for stem in stems
        ]

    def _stems(self, images: Path) -> list[str]:
        """File stems from the list if there is one, else from the folder."""
        if self.ann_file and Path(self.ann_file).is_file():
            lines = read_name_list(Path(self.ann_file))
            return [Path(line.split()[0]).name.removesuffix(self.img_suffix) for line in lines if line.strip()]
        return sorted(path.name.removesuffix(self.img_suffix) for path in images.glob(f'*{self.img_suffix}'))
