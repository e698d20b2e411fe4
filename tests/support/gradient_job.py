"""One training step of the real tiny model under mmengine's data-parallel wrapper, for the gradient comparison."""

import os

import torch
from mmengine.config import ConfigDict
from mmengine.registry import MODEL_WRAPPERS
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import register_all_modules
from torch import distributed as dist

from mmmaskattn.engine.launch import cpu_wrapper, finish_distributed

CLASSES, SIZE = 5, 32


def model_config():
    norm = dict(type='mmmaskattn.CrossProcessBN')
    return ConfigDict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor', size=(SIZE, SIZE), pad_val=0, seg_pad_val=255),
        backbone=dict(type='mmmaskattn.MaskAttnUNet', arch='tiny', attention_masks='gate'),
        neck=dict(type='mmmaskattn.MaskAttnDecoder', arch='tiny', attention_masks='gate'),
        decode_head=dict(
            type='FCNHead',
            in_channels=24,
            channels=24,
            in_index=0,
            num_convs=1,
            concat_input=False,
            dropout_ratio=0.0,
            num_classes=CLASSES,
            norm_cfg=norm,
            align_corners=False,
            loss_decode=dict(type='CrossEntropyLoss'),
        ),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    )


def build_model():
    """The same weights in every process."""
    register_all_modules()
    torch.manual_seed(0)
    model = MODELS.build(model_config()).double()
    model.init_weights()
    return model.train()


def batch():
    """Four images with labels on every pixel."""
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(4, 3, SIZE, SIZE, generator=generator, dtype=torch.float64)
    labels = torch.randint(CLASSES, (4, 1, SIZE, SIZE), generator=generator)
    samples = []
    for label in labels:
        sample = SegDataSample(metainfo=dict(img_shape=(SIZE, SIZE)))
        sample.gt_sem_seg = PixelData(data=label)
        samples.append(sample)
    return images, samples


def step(model, images, samples):
    """Forward and backward of the summed losses, as the training step does it."""
    losses = model(images, samples, mode='loss')
    sum(value for name, value in losses.items() if 'loss' in name).backward()


def state_after(model):
    """Gradients and running statistics by name."""
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return gradients, {name: buffer.clone() for name, buffer in model.named_buffers()}


def work(rank, folder):
    """One of two processes, with half of the batch."""
    os.environ['LOCAL_RANK'] = str(rank)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    model = build_model()
    wrapper = MODEL_WRAPPERS.build(cpu_wrapper(), default_args=dict(module=model))
    images, samples = batch()
    half = slice(2 * rank, 2 * rank + 2)
    step(wrapper, images[half], samples[half])
    torch.save(state_after(model), f'{folder}/{rank}.pt')
    del wrapper
    finish_distributed()
