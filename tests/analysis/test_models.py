"""Models from configs without weights, the size that a config asks for, inputs to measure with."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmmaskattn.analysis import build_model, input_size, read_config
from mmmaskattn.analysis.models import data_samples, device_of, random_images

SEGMENTOR = """
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    pretrained='no/such/weights.pth',
    backbone=dict(
        type='ResNetV1c', depth=18, norm_cfg=norm_cfg, init_cfg=dict(type='Pretrained', checkpoint='no/such.pth')),
    decode_head=dict(type='FCNHead', in_channels=512, channels=16, num_classes=5, norm_cfg=norm_cfg),
    test_cfg=dict(mode='whole'))
default_scope = 'mmseg'
"""


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / 'model.py'
    path.write_text(SEGMENTOR)
    return path


def test_weights_are_never_looked_for(config_file):
    model = build_model(read_config(config_file))
    model.init_weights()
    names = {type(module).__name__ for module in model.modules()}
    assert 'SyncBatchNorm' not in names
    assert model.decode_head.num_classes == 5


def test_options_change_the_model(config_file):
    cfg = read_config(config_file, {'model.decode_head.num_classes': 7})
    assert build_model(cfg).decode_head.num_classes == 7


def test_bad_files_are_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nowhere\.py'):
        read_config(tmp_path / 'nowhere.py')
    part = tmp_path / 'part.py'
    part.write_text('train_cfg = dict()')
    with pytest.raises(ValueError, match=r'part\.py.*`model`'):
        read_config(part)


def _dataloader(size):
    return dict(
        dataset=dict(type='RepeatDataset', dataset=dict(pipeline=[dict(type='mmmaskattn.LowResResize', size=size)]))
    )


@pytest.mark.parametrize(
    ('cfg', 'expected', 'source'),
    [
        (dict(test_dataloader=_dataloader((64, 48)), crop_size=(512, 512)), (64, 48), 'LowResResize'),
        (dict(val_dataloader=_dataloader(32)), (32, 32), 'LowResResize'),
        (dict(crop_size=(512, 1024)), (512, 1024), 'crop_size'),
        (dict(image_size=(1333, 800)), (800, 1333), 'image_size'),
        (dict(crop_size=None, image_size=[(1, 2), (3, 4)]), (128, 128), 'default'),
    ],
)
def test_input_size(cfg, expected, source):
    size, where = input_size(Config(cfg))
    assert size == expected
    assert source in where


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
