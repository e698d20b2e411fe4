"""Clothing Co-Parsing: 59 labels are read as 12 groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from small_data import write_folders

from mmmaskattn.datasets.semantic.ccp import GROUP_OF_LABEL, CCPDataset

CONFIG = Path(__file__).parents[2] / 'configs/_base_/datasets/ccp_semantic_128.py'
REAL = Path(__file__).parents[3] / 'shared/data/ccp320'


@pytest.fixture
def root(tmp_path) -> Path:
    init_default_scope('mmseg')
    return write_folders(tmp_path, classes=59)


def build(root: Path, split: str = 'train', **options) -> CCPDataset:
    prefix = dict(img_path=f'images/{split}', seg_map_path=f'labels/{split}')
    pipeline = [dict(type='mmmaskattn.LoadSegMap')]
    return CCPDataset(data_root=str(root), data_prefix=prefix, pipeline=pipeline, **options)


def test_labels_become_their_groups(root):
    names = CCPDataset.METAINFO['classes']
    groups = build(root)[0]['gt_seg_map'][0, ::4]
    assert groups.tolist() == list(GROUP_OF_LABEL)
    jeans, skin, scarf = 25, 41, 37  # places in the label list
    assert [names[groups[label]] for label in (0, jeans, skin, scarf)] == [
        'background',
        'trousers',
        'skin',
        'accessory',
    ]
    assert set(groups.tolist()) == set(range(len(names)))


def test_choice_of_groups(root):
    dataset = build(root, metainfo=dict(classes=('trousers', 'hair')))
    groups = dataset[0]['gt_seg_map'][0, ::4]
    expected = [{6: 0, 2: 1}.get(group, 255) for group in GROUP_OF_LABEL]
    assert groups.tolist() == expected


@pytest.mark.skipif(not REAL.is_dir(), reason=f'ccp320 is not at {REAL}')
@pytest.mark.parametrize(('split', 'count'), [('train', 753), ('val', 50), ('test', 201)])
def test_real_photographs(split, count, monkeypatch):
    monkeypatch.setenv('CCP_ROOT', str(REAL))
    init_default_scope('mmseg')
    dataset = DATASETS.build(Config.fromfile(CONFIG)[f'{split}_dataloader'].dataset)
    assert len(dataset) == count
    for index in range(0, count, 40):
        labels = np.unique(dataset[index]['data_samples'].gt_sem_seg.data)
        assert set(labels) <= set(range(12))
        assert len(labels) > 4
