"""What a pipeline gives with a cache, when it is filled and when it is read, is what it gives without, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement
from shipped_data import build_shipped
from small_data import write_camvid, write_nuclei

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.datasets.cache import plan_cache
from mmmaskattn.datasets.cache.steps import CachedSteps, steps_to_cache
from mmmaskattn.engine.seeded_batches import seed_cpu_generators

CONFIGS = {
    'camvid_semantic': lambda folder: write_camvid(folder, images=3),
    'dsb2018_instance': lambda folder: write_nuclei(folder, images=3),
    'coco_panoptic': lambda folder: write_mini('coco', folder, num_train=3, num_val=2, size=(300, 400)),
    'coco_semantic': lambda folder: write_mini('coco', folder, num_train=3, num_val=2, size=(300, 400)),
}


def flat(part):
    """All values of a sample, in order."""
    if isinstance(part, BaseDataElement):
        part = {**dict(part.metainfo_items()), **dict(part.items())}
    if isinstance(part, dict):
        return [value for key in sorted(part) for value in [key, *flat(part[key])]]
    if isinstance(part, (list, tuple)):
        return [type(part), *(value for one in part for value in flat(one))]
    if isinstance(part, (torch.Tensor, np.ndarray)):
        return [part.dtype, tuple(part.shape), np.asarray(part).tobytes()]
    return [part]


def drawn(dataset, index, seed):
    seed_cpu_generators(seed)
    return [*flat(dataset[index]), np.random.rand()]  # as many numbers must have been drawn


@pytest.mark.parametrize('where', ['ram', 'disk'])
@pytest.mark.parametrize('name', CONFIGS)
def test_samples_are_the_same_bit_by_bit(tmp_path, name, where):
    root = CONFIGS[name](tmp_path / 'data')
    for split in ('train', 'val'):
        plain, cached = build_shipped(name, root, split), build_shipped(name, root, split)
        plan = plan_cache([cached], where, 0.5, tmp_path / 'cache')
        assert plan.where == where
        assert isinstance(cached.pipeline.transforms[0], CachedSteps)
        for seed in range(30):
            index = seed % len(plain)
            assert drawn(cached, index, seed) == drawn(plain, index, seed), (split, seed)


def test_a_jpeg_is_kept_at_each_size_and_read_from_there(tmp_path, monkeypatch):
    root = CONFIGS['coco_panoptic'](tmp_path / 'data')
    cached = build_shipped('coco_panoptic', root, 'train')
    plan_cache([cached], 'ram', 0.5, tmp_path)
    steps = cached.pipeline.transforms[0]
    sizes, draw = set(), steps.steps[0].draw_ratio
    for ratio in (0.6, 1.1, 1.9):
        monkeypatch.setattr(steps.steps[0], 'draw_ratio', lambda ratio=ratio: ratio)
        sample = steps(cached.get_data_info(0))
        sizes.add(sample['decode_scale'])
    assert len(sizes) > 1
    monkeypatch.setattr(steps.steps[0], 'draw_ratio', draw)
    for picture in root.rglob('*.*g'):
        picture.unlink()
    for seed in range(20):
        drawn(cached, seed % 3, seed)  # no file is opened any more


def test_only_the_first_steps_that_draw_nothing_are_kept(tmp_path):
    dataset = build_shipped('camvid_semantic', write_camvid(tmp_path, images=1), 'train')
    steps = dataset.pipeline.transforms
    assert [type(step).__name__ for step in steps_to_cache(steps)] == ['LoadLowResImage', 'LoadSegMap', 'CheckSegMap']
    assert steps_to_cache(steps[1:]) == [], 'labels alone are not worth it'
    unknown = type('Mine', (type(steps[0]),), {})(size=128)
    assert steps_to_cache([unknown, *steps[1:]]) == [], 'what a class of the user does is not known'
