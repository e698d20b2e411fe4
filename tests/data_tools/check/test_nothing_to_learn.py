"""Data from which a training would learn nothing, told before hours of it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hostile_files import encoded, one_instance
from mmengine.config import Config
from PIL import Image

from mmmaskattn.data_tools.check import check_config
from mmmaskattn.datasets.transforms.load_seg_map import CheckSegMap

CLASSES = ('background', 'cell')
MASK = np.zeros((40, 40), np.uint8)
MASK[10:30, 5:25] = 1


def semantic(root: Path, labels: list[np.ndarray], classes: tuple[str, ...] = CLASSES, split: str = 'train') -> Config:
    """A folder of images and labels, and the config of a data set that reads them."""
    for name in ('images', 'labels'):
        (root / name).mkdir(exist_ok=True)
    for number, one in enumerate(labels):
        cv2.imwrite(str(root / f'images/{number}.jpg'), np.full((40, 40, 3), 99, np.uint8))
        Image.fromarray(one).save(root / f'labels/{number}.png', 'TIFF' if one.dtype == np.float32 else 'PNG')
    dataset = dict(
        type='BaseSegDataset',
        data_root=str(root),
        metainfo=dict(classes=classes),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=[dict(type='mmmaskattn.LoadLowResImage', size=32), dict(type='mmmaskattn.LoadSegMap')],
    )
    return Config({'default_scope': 'mmseg', f'{split}_dataloader': dict(dataset=dataset)})


def told(cfg: Config, split: str = 'train') -> list[str]:
    return [str(problem) for problem in check_config(cfg, (split,), workers=1).problems]


def test_masks_of_0_and_255(tmp_path):
    (line,) = told(semantic(tmp_path, [MASK * 255, MASK * 255]))
    assert line.startswith("error: train_dataloader.dataset: every labelled pixel is of class 0 ('background')")
    assert 'write masks of 0 and 255 as 0 and 1 (mask // 255)' in line


def test_one_class_everywhere_and_nowhere(tmp_path):
    lines = told(semantic(tmp_path, [MASK * 0, MASK * 0]))
    assert lines[-1].startswith("error: train_dataloader.dataset: every labelled pixel is of class 0 ('background')")
    lines = told(semantic(tmp_path, [MASK * 0 + 255] * 2))
    assert lines[-1].startswith('error: train_dataloader.dataset: no pixel has a label that counts')


def test_one_class_alone_in_the_words_of_the_loader(tmp_path):
    lines = told(semantic(tmp_path, [MASK * 0], ('cell',)))
    with pytest.raises(ValueError, match='out_channels=1') as error:
        CheckSegMap(1)
    assert lines[-1].removeprefix('error: train_dataloader.dataset: ') in str(error.value)


def test_a_class_that_vanishes_at_the_networks_size(tmp_path):
    speck = MASK * 0
    speck[2, 2] = 1  # between the centres of 32 pixels over 40
    assert told(semantic(tmp_path, [speck]))[-1].startswith('error: train_dataloader.dataset: every labelled pixel')


def test_fractions_are_refused_by_file(tmp_path):
    (line,) = told(semantic(tmp_path, [MASK / np.float32(2)]))
    assert (
        line == f'error: {tmp_path}/labels/0.png: labels of float32, expected whole numbers (class indices 0 to 255).'
    )


def test_sound_masks_pass_and_a_validation_split_is_a_note(tmp_path):
    assert told(semantic(tmp_path, [MASK, MASK * 0])) == []
    (line,) = told(semantic(tmp_path, [MASK * 0], split='val'), 'val')[-1:]
    assert line.startswith('note: val_dataloader.dataset: every labelled pixel')


@pytest.mark.parametrize('annotations', ['none', 'crowds', 'specks'])
def test_instances_of_which_none_is_left(tmp_path, annotations):
    content = one_instance()
    (tmp_path / 'a.png').write_bytes(encoded(np.zeros((24, 32, 3), np.uint8)))
    if annotations == 'none':
        content['annotations'] = []
    elif annotations == 'crowds':
        content['annotations'][0]['iscrowd'] = 1
    else:
        content['annotations'][0]['segmentation'] = dict(size=[24, 32], counts=[0, 1, 767])
    (tmp_path / 'a.json').write_text(json.dumps(content))
    dataset = dict(
        type='mmmaskattn.CocoInstanceDataset',
        data_root=str(tmp_path),
        ann_file='a.json',
        data_prefix=dict(img=''),
        metainfo=dict(thing_classes=('cell',)),
        pipeline=[dict(type='mmmaskattn.LowResResize', size=16)],
    )
    cfg = Config(dict(default_scope='mmdet', train_dataloader=dict(dataset=dataset)))
    expected = 'empty json' if annotations == 'none' else 'no instance in any image has a pixel left'
    errors = [line for line in told(cfg) if line.startswith('error')]
    assert any(expected in line for line in errors), errors


def test_grey_of_12_bits_is_a_note_with_its_range(tmp_path):
    cfg = semantic(tmp_path, [MASK])
    grey = np.linspace(0, 4095, 1600).reshape(40, 40).astype(np.uint16)
    cv2.imwrite(str(tmp_path / 'images/0.png'), grey)
    (tmp_path / 'images/0.png').replace(tmp_path / 'images/0.jpg')  # decoders go by the content
    (line,) = told(cfg)
    assert line == (
        f'note: {tmp_path}/images/0.jpg: 16 bits with values 0 to 4095: the loader keeps the upper 8 bits, so they '
        f'arrive as 0 to 15; write it in 8 bits (value >> 4)'
    )


def test_a_limit_of_the_pipeline_is_the_checks(tmp_path):
    cfg = semantic(tmp_path, [MASK])
    cfg.train_dataloader.dataset.pipeline[0].max_pixels = 1000
    (line,) = told(cfg)
    assert line.startswith(f'error: {tmp_path}/images/0.jpg: image: 40 x 40 (height x width) pixels, which is over')
    cfg.train_dataloader.dataset.pipeline[0].pop('max_pixels')
    cfg.train_dataloader.dataset.pipeline[1].max_pixels = 1000
    (line,) = told(cfg)
    assert line.startswith(f'error: {tmp_path}/labels/0.png: label map of ')
