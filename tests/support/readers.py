"""What the tests of the prepared data sets share: building a reader and recounting what it gives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from mmengine.registry import DATASETS


def build_reader(name: str, root: Path, ann_file: str, **options):
    """Build one of our data sets with the loading step of its task as pipeline."""
    loader = 'LoadPanoptic' if name.endswith('PanopticDataset') else 'LoadInstances'
    default = dict(pipeline=[dict(type=f'mmmaskattn.{loader}')], data_root=str(root), ann_file=ann_file)
    return DATASETS.build(dict(type=f'mmmaskattn.{name}', **{**default, **options}))


def read_annotations(path: Path) -> dict:
    """Annotations of a json by image id, and its categories by id."""
    content = json.loads(path.read_text(encoding='utf-8'))
    images: dict = {image['id']: [] for image in content['images']}
    for annotation in content['annotations']:
        images[annotation['image_id']].extend(annotation.get('segments_info', [annotation]))
    return dict(images=images, names={c['id']: c['name'] for c in content['categories']})


def check_samples(dataset, path: Path) -> int:
    """Compare every sample's segments with the json by id, class name and area; return how many there were.

    Areas of instances may be smaller than the json's, where others lie over them.
    """
    given, classes = read_annotations(path), dataset.metainfo['classes']
    total = 0
    assert len(dataset) == len(given['images']) > 0
    for sample in dataset:
        assert Path(sample['img_path']).is_file()
        segments = {s['id']: (k, s) for k, s in enumerate(sample['segments'], 1) if s['label'] < len(classes)}
        counts = np.bincount(sample['gt_id_map'].ravel(), minlength=len(sample['segments']) + 1)
        annotations = given['images'][sample['img_id']]
        assert sorted(segments) == sorted(annotation['id'] for annotation in annotations)
        for annotation in annotations:
            k, segment = segments[annotation['id']]
            assert classes[segment['label']] == given['names'][annotation['category_id']]
            assert segment['iscrowd'] == annotation['iscrowd']
            assert 0 < counts[k] <= annotation['area']
        total += len(annotations)
    return total
