"""The peers are the models that they are said to be, take trained weights, and bear what careless heads break on."""

from __future__ import annotations

from pathlib import Path

import mmdet
import mmseg
import pytest
import torch
from drawn_truth import special
from mmengine.config import ConfigDict
from mmengine.registry import MODELS, init_default_scope

from mmmaskattn.analysis import build_model, read_config

PEERS = Path(__file__).parents[2] / 'configs/peers'


def named(data_set: str) -> list[str]:
    """Peers on a data set, as ``<peer>/<leaf>``."""
    return sorted(f'{path.parent.name}/{path.stem}' for path in PEERS.glob(f'*/{data_set}_*.py'))


SEG, DET = (Path(host.__file__).parent / '.mim/configs' for host in (mmseg, mmdet))
# The classic U-Net, unlike mmseg's, has up-convolutions, a 1x1 convolution as head, and no auxiliary head.
CLASSIC_UNET = {
    'model.backbone.upsample_cfg': dict(type='DeconvModule', kernel_size=2),
    'model.decode_head.num_convs': 0,
    'model.auxiliary_head': None,
}
PUBLISHED = {
    'unet_w64/cityscapes_semantic_128': SEG / 'unet/unet-s5-d16_fcn_4xb4-160k_cityscapes-512x1024.py',
    'segformer_b0/ade20k_semantic_128': SEG / 'segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py',
    'segnext_t/ade20k_semantic_128': SEG / 'segnext/segnext_mscan-t_1xb16-adamw-160k_ade20k-512x512.py',
    'deeplabv3plus_r50/cityscapes_semantic_128': SEG
    / 'deeplabv3plus/deeplabv3plus_r50-d8_4xb2-40k_cityscapes-512x1024.py',
    'bisenetv2/cityscapes_semantic_128': SEG / 'bisenetv2/bisenetv2_fcn_4xb4-160k_cityscapes-1024x1024.py',
    'pidnet_s/camvid_semantic_128': SEG / 'pidnet/pidnet-s_2xb6-120k_1024x1024-cityscapes.py',
    'ddrnet_23_slim/camvid_semantic_128': SEG / 'ddrnet/ddrnet_23-slim_in1k-pre_2xb6-120k_cityscapes-1024x1024.py',
    'fast_scnn/camvid_semantic_128': SEG / 'fastscnn/fast_scnn_8xb4-160k_cityscapes-512x1024.py',
    'lraspp_mobilenetv3/camvid_semantic_128': SEG
    / 'mobilenet_v3/mobilenet-v3-d8-scratch_lraspp_4xb4-320k_cityscapes-512x1024.py',
    'mask2former_r50/ade20k_semantic_128': SEG / 'mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py',
    'mask2former_r101/ade20k_semantic_128': SEG / 'mask2former/mask2former_r101_8xb2-160k_ade20k-512x512.py',
    'mask2former_r50/coco_panoptic_128': DET / 'mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py',
    'mask2former_r101/coco_panoptic_128': DET / 'mask2former/mask2former_r101_8xb2-lsj-50e_coco-panoptic.py',
    'mask2former_r50/coco_instance_128': DET / 'mask2former/mask2former_r50_8xb2-lsj-50e_coco.py',
    'mask2former_r101/coco_instance_128': DET / 'mask2former/mask2former_r101_8xb2-lsj-50e_coco.py',
    'maskformer_r50/coco_panoptic_128': DET / 'maskformer/maskformer_r50_ms-16xb1-75e_coco.py',
    'panoptic_fpn_r50/coco_panoptic_128': DET / 'panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py',
    'mask_rcnn_r50/coco_instance_128': DET / 'mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py',
    'solov2_light_r18/coco_instance_128': DET / 'solov2/solov2-light_r18_fpn_ms-3x_coco.py',
    'rtmdet_ins_tiny/coco_instance_128': DET / 'rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py',
}
DETECTORS = [one for one in named('dsb2018') if 'r101' not in one]


def shapes(path: Path, options: dict | None = None) -> dict[str, tuple[int, ...]]:
    """Shape of every parameter by name."""
    model = build_model(read_config(path, options))
    return {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}


@pytest.mark.long
@pytest.mark.parametrize('peer', PUBLISHED)
def test_parameters_are_those_of_the_published_config(peer):
    ours = shapes(PEERS / f'{peer}.py')
    theirs = shapes(PUBLISHED[peer], CLASSIC_UNET if 'unet_w64' in peer else None)
    if 'camvid' in peer:  # 11 classes, 19 in the published config
        theirs = {
            name: (11, *shape[1:]) if shape[0] == 19 and 'seg' in name else shape for name, shape in theirs.items()
        }
    assert ours == theirs


@pytest.mark.parametrize(
    ('peer', 'source'),
    [
        ('mask2former_r50/camvid_semantic_128', 'torchvision://resnet50'),
        ('deeplabv3plus_r50/camvid_semantic_128', 'open-mmlab://resnet50_v1c'),
        ('mask_rcnn_r50/dsb2018_instance_128', 'torchvision://resnet50'),
    ],
)
def test_trained_weights_are_switched_on_by_options(peer, source, tmp_path):
    """First as the base's comment says; then with a file in the place of the one that would be fetched."""
    options = {'model.backbone.init_cfg.type': 'Pretrained', 'model.backbone.init_cfg.checkpoint': source}
    cfg = read_config(PEERS / f'{peer}.py', options)
    assert cfg.model.backbone.init_cfg == dict(type='Pretrained', checkpoint=source)
    init_default_scope(cfg.default_scope)
    weights = {
        name: torch.rand_like(value.float()) for name, value in MODELS.build(cfg.model.backbone).state_dict().items()
    }
    torch.save(weights, tmp_path / 'weights.pth')
    cfg.merge_from_dict({'model.backbone.init_cfg.checkpoint': str(tmp_path / 'weights.pth')})
    backbone = MODELS.build(ConfigDict(cfg.model.backbone))
    backbone.init_weights()
    assert all(torch.equal(parameter, weights[name]) for name, parameter in backbone.named_parameters())


@pytest.mark.slow
@pytest.mark.parametrize(
    'peer', [pytest.param(one, marks=pytest.mark.long if 'r50' in one else ()) for one in DETECTORS]
)
def test_detectors_train_without_things_with_crowds_and_without_truth(peer):
    if peer.startswith('stardist'):
        pytest.importorskip('stardist')
    cfg = read_config(PEERS / f'{peer}.py')
    model = build_model(cfg).train()
    for kinds in (('nothing', 'crowd'), ('ignored', 'pixels'), ('nothing', 'ignored')):
        images = [torch.randint(0, 255, (3, 64, 64), dtype=torch.uint8) for _ in kinds]
        batch = dict(inputs=images, data_samples=[special(kind, 64) for kind in kinds])
        losses = model(**model.data_preprocessor(batch, True), mode='loss')
        total, _ = model.parse_losses(losses)
        assert torch.isfinite(total), (kinds, losses)
        model.zero_grad()
        total.backward()
