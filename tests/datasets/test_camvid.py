from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS
from pictures import smooth_photo

from mmmaskattn.datasets.semantic.camvid import CamVidDataset

REAL = Path(__file__).parents[2] / '../shared/data/camvid128'
LOAD = [
    dict(type='LoadImageFromFile'),
    dict(type='mmmaskattn.LoadSegMap'),
    dict(type='mmmaskattn.CheckSegMap', num_classes=11),
]
LAYOUTS = {'segnet': ('{}', '{}annot'), 'folders': ('images/{}', 'labels/{}')}


def write(root: Path, layout: str, stems: list[str], split: str = 'train') -> Path:
    """Pictures in a layout; the label map holds the twelve values that SegNet's do."""
    folders = [root / template.format(split) for template in LAYOUTS[layout]]
    for folder in folders:
        folder.mkdir(parents=True)
    labels = np.arange(12, dtype=np.uint8).repeat(20)[None].repeat(36, 0)
    for index, stem in enumerate(stems):
        cv2.imwrite(str(folders[0] / f'{stem}.png'), smooth_photo(labels.shape, index))
        cv2.imwrite(str(folders[1] / f'{stem}.png'), labels)
    return root


def build(root: Path, split: str = 'train', **more) -> CamVidDataset:
    config = dict(type='mmmaskattn.CamVidDataset', data_root=str(root), split=split, pipeline=LOAD, **more)
    return DATASETS.build(config)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_both_layouts_are_found_and_void_is_ignored(tmp_path, layout):
    dataset = build(write(tmp_path, layout, ['b', 'a']))
    assert [Path(dataset.get_data_info(i)['img_path']).stem for i in range(len(dataset))] == ['a', 'b']
    labels = dataset[0]['gt_seg_map']
    assert np.unique(labels).tolist() == [*range(11), 255]
    assert (labels == 255).sum() == 20 * 36


@pytest.mark.parametrize('line', ['c', '/SegNet/CamVid/train/c.png /SegNet/CamVid/trainannot/c.png'])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_a_list_of_stems_or_paths_selects(tmp_path, layout, line):
    root = write(tmp_path, layout, ['a', 'b', 'c'])
    (root / 'train.txt').write_text(line + '\n\n')
    dataset = build(root)
    assert [Path(info['seg_map_path']).name for info in dataset.load_data_list()] == ['c.png']


def test_choice_of_classes(tmp_path):
    dataset = build(write(tmp_path, 'segnet', ['a']), metainfo=dict(classes=('car', 'road')))
    labels = dataset[0]['gt_seg_map']
    assert np.unique(labels).tolist() == [0, 1, 255]
    assert (labels[:, 8 * 20 : 9 * 20] == 0).all()
    assert (labels[:, 3 * 20 : 4 * 20] == 1).all()


def test_no_layout_names_both_and_the_variable(tmp_path):
    message = r'neither val with valannot nor images/val with labels/val.*CAMVID_ROOT'
    with pytest.raises(FileNotFoundError, match=message):
        build(write(tmp_path, 'segnet', ['a']), split='val')


@pytest.mark.skipif(not REAL.is_dir(), reason=f'camvid128 is not at {REAL}')
@pytest.mark.parametrize(('split', 'count'), [('train', 367), ('val', 101), ('test', 233)])
def test_real_photographs(split, count):
    dataset = build(REAL, split)
    assert len(dataset) == count
    for index in range(0, count, 50):
        sample = dataset[index]
        assert sample['img'].shape[:2] == sample['gt_seg_map'].shape == (128, 128)
        assert 4 < len(np.unique(sample['gt_seg_map'])) <= 12
