from __future__ import annotations

import pytest
import torch
from torch import nn

from mmmaskattn.analysis.models import data_samples, device_of, random_images


def test_images_are_reproducible_and_leave_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    images = random_images((64, 48), batch=2)
    assert torch.equal(torch.rand(1), expected)
    assert images.shape == (2, 3, 64, 48)
    assert torch.equal(images, random_images((64, 48), batch=2))
    assert random_images((1, 8, 9)).shape == (1, 1, 8, 9)


@pytest.mark.parametrize('shape', [(4,), (4, -1), (1, 2, 3, 4)])
def test_bad_shapes_are_refused(shape):
    with pytest.raises(ValueError, match='expected'):
        random_images(shape)


def test_samples_tell_height_before_width():
    samples = data_samples(torch.zeros(2, 3, 64, 48))
    assert len(samples) == 2
    for key in ('ori_shape', 'img_shape', 'pad_shape', 'batch_input_shape'):
        assert samples[1].metainfo[key] == (64, 48)


def test_device_of_a_module_without_parameters_is_the_cpu():
    assert device_of(nn.Identity()) == torch.device('cpu')
    assert device_of(nn.Linear(2, 2, device='meta')).type == 'meta'
