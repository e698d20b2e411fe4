"""Test-time augmentation of a model whose raw output is known, through mmseg's own predicting and flipping."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import MODELS, init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

SIZE = (8, 12)


def segmentor(channels: int, threshold: float | None = None) -> ConfigDict:
    """One 1x1 convolution from image to logits; with two classes and one channel mmseg predicts by a sigmoid."""
    head = dict(
        type='FCNHead', in_channels=3, channels=3, num_convs=0, concat_input=False, dropout_ratio=0, num_classes=2,
        out_channels=channels, threshold=threshold, align_corners=False,
    )  # fmt: skip
    backbone = dict(type='mmmaskattn.MaskAttnUNet', arch='tiny')
    return ConfigDict(type='EncoderDecoder', backbone=backbone, decode_head=head, test_cfg=dict(mode='whole'))


def tta(channels: int, threshold: float | None = None):
    init_default_scope('mmseg')
    model = MODELS.build(dict(type='mmmaskattn.MeanProbabilityTTA', module=segmentor(channels, threshold)))
    net = model.module
    net.extract_feat = lambda images: [images]
    net.decode_head.conv_seg.weight.data = torch.eye(3)[:channels, :, None, None]
    net.decode_head.conv_seg.bias.data.zero_()
    return model.eval()


def predict(model, images: list[torch.Tensor]) -> SegDataSample:
    """The image as it is, and a version that is turned over before."""
    samples = []
    for number in range(len(images)):
        flip = dict(flip=number > 0, flip_direction='horizontal' if number else None)
        sample = SegDataSample(metainfo=dict(ori_shape=SIZE, img_shape=SIZE, img_path=f'{number}.png', **flip))
        sample.gt_sem_seg = PixelData(data=torch.full((1, *SIZE), number))
        samples.append(sample)
    flipped = [image.flip(2) if number else image for number, image in enumerate(images)]
    with torch.no_grad():
        data = dict(inputs=[image[None] for image in flipped], data_samples=[[sample] for sample in samples])
        return model.test_step(data)[0]


@pytest.mark.parametrize('threshold', [0.3, 0.7])
def test_one_channel_is_averaged_as_the_probability_that_it_is(threshold):
    logits = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(0)) * 2
    merged = predict(tta(1, threshold), list(logits))
    mean = logits[:, :1].sigmoid().mean(0)
    assert torch.allclose(merged.seg_logits.data, mean)
    assert torch.equal(merged.pred_sem_seg.data, (mean > threshold).long())
    assert 0 < merged.pred_sem_seg.data.float().mean() < 1


def test_several_channels_are_averaged_as_in_mmseg():
    logits = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    merged = predict(tta(2), list(logits))
    mean = logits[:, :2].softmax(1).mean(0)
    assert torch.allclose(merged.seg_logits.data, mean)
    assert torch.equal(merged.pred_sem_seg.data, mean.argmax(0, keepdim=True))


def test_truth_and_name_are_those_of_the_first_version():
    merged = predict(tta(2), list(torch.zeros(2, 3, *SIZE)))
    assert merged.img_path == '0.png'
    assert not merged.gt_sem_seg.data.any()
    assert not merged.flip
