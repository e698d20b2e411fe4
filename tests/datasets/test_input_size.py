from __future__ import annotations

import pytest
from mmengine.config import Config

from mmmaskattn.datasets.input_size import sized_transforms, with_input_size, with_jitter

PIPELINE = [
    dict(type='mmmaskattn.LoadLowResImage', size=(128, 128)),
    dict(type='LoadAnnotations'),
    dict(type='TestTimeAug', transforms=[[dict(type='LowResResize', size=128)], [dict(type='Resize', scale=128)]]),
]


def test_every_sized_transform_is_found_however_deep():
    loader = Config(dict(train_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=dict(pipeline=PIPELINE)))))
    types = [step['type'] for step in sized_transforms(loader.train_dataloader)]
    assert types == ['mmmaskattn.LoadLowResImage', 'LowResResize']


def test_copy_has_the_size_and_the_original_keeps_its_own():
    changed = with_input_size(PIPELINE, (64, 48))
    assert [step['size'] for step in sized_transforms(changed)] == [(64, 48), (64, 48)]
    assert [step['size'] for step in sized_transforms(PIPELINE)] == [(128, 128), 128]
    assert changed[2]['transforms'][1] == PIPELINE[2]['transforms'][1]


def test_small_size_and_wrong_part_are_refused():
    with pytest.raises(ValueError, match='image_size=8'):
        with_input_size(PIPELINE, 8)
    with pytest.raises(ValueError, match='LowResResize'):
        with_input_size([dict(type='Resize')], 64)


def test_every_step_that_jitters_gets_the_range():
    pipeline = [*PIPELINE, dict(type='mmmaskattn.LowResScaleJitter', size=128, ratio_range=(0.5, 2.0))]
    changed = with_jitter(pipeline, (1.0, 1.5))
    assert [step.get('ratio_range') for step in changed] == [(1.0, 1.5), None, None, (1.0, 1.5)]
    assert 'ratio_range' not in pipeline[0]
    with pytest.raises(ValueError, match='with_jitter: none of'):
        with_jitter(PIPELINE[1:], (1.0, 1.5))
