from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from edited_json import write_edited
from readers import build_reader, check_samples

from mmmaskattn.datasets.transforms import MakeInstances

ROOT = Path(__file__).parents[2] / '../shared/data/dsb2018_128'
GREY = ('brightfield_grey',)
SPLITS = {'train': 465, 'val': 65, 'test': 134}

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=f'the nuclei of DSB2018 are not at {ROOT}')


def build(task: str, split: str = 'val', ann_file: str | None = None, **options):
    name = {'panoptic': 'DSB2018PanopticDataset', 'instances': 'DSB2018InstanceDataset'}[task]
    prefix = dict(img=f'images/{split}', seg=f'panoptic/{split}')
    ann_file = ann_file or f'annotations/{task}_{split}.json'
    return build_reader(name, ROOT, ann_file, data_prefix=prefix, **options)


@pytest.mark.parametrize('task', ['panoptic', 'instances'])
def test_samples_equal_the_json(task):
    dataset = build(task)
    assert check_samples(dataset, ROOT / f'annotations/{task}_val.json') > 1000


@pytest.mark.parametrize('split', SPLITS)
def test_number_of_images_and_of_nuclei(split):
    content = json.loads((ROOT / f'annotations/instances_{split}.json').read_text())
    per_image = Counter(annotation['image_id'] for annotation in content['annotations'])
    dataset = build('instances', split, pipeline=[])
    assert len(dataset) == SPLITS[split] == len(content['images'])
    assert {info['img_id']: len(info['instances']) for info in dataset} == {
        image['id']: per_image[image['id']] for image in content['images']
    }


def test_panoptic_pictures_agree_with_the_instances():
    """The two files come from one source: the same nuclei, painted small over large in both."""
    for panoptic, instances in zip(build('panoptic'), build('instances')):
        assert panoptic['img_path'] == instances['img_path']
        maps = [MakeInstances()(sample) for sample in (panoptic, instances)]
        assert np.array_equal(maps[0]['gt_seg_map'], maps[1]['gt_seg_map'])
        boxes = [sorted(map(tuple, one['gt_bboxes'].tensor.tolist())) for one in maps]
        same = len(Counter(boxes[0]) & Counter(boxes[1]))
        assert same >= 0.9 * len(Counter(boxes[0]))  # nuclei of equal area may lie in another order


@pytest.mark.parametrize('task', ['panoptic', 'instances'])
def test_a_modality_is_left_out(task):
    images = json.loads((ROOT / f'annotations/{task}_train.json').read_text())['images']
    kept = [image['id'] for image in images if image['modality'] not in GREY]
    assert 0 < len(kept) < len(images)
    assert [info['img_id'] for info in build(task, 'train', leave_out=GREY, pipeline=[])] == kept


def test_image_without_modality_is_named(tmp_path):
    path = write_edited(ROOT / 'annotations/panoptic_val.json', tmp_path, lambda c: c['images'][0].pop('modality'))
    with pytest.raises(
        ValueError, match=r"edited\.json: image 13 has no modality, but leave_out=\('brightfield_grey',\)"
    ):
        build('panoptic', ann_file=path, leave_out=GREY)
    assert len(build('panoptic', ann_file=path, pipeline=[])) == 65
