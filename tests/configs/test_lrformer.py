"""The leaves of configs/lrformer: classes, recipes, and sizes as shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from long_tests import first_of
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmmaskattn.analysis import count_complexity, input_size
from mmmaskattn.models import MaskAttnUNet
from mmmaskattn.models.backbones.lrformer import LRFORMER_VARIANTS
from mmmaskattn.models.layers import LowResolutionBlock

ROOT = Path(__file__).parents[2]
LEAVES = sorted(path.stem for path in (ROOT / 'configs/lrformer').glob('*_semantic_*.py'))
CLASSES = {'ade20k': 150, 'coco': 133, 'cityscapes': 19, 'camvid': 11}
# Measured on the authors' modules with 150 classes at 512x512: multiply-adds (G) and parameters (M).
PUBLISHED = {'t': (16.55, 13.26), 's': (39.71, 32.22), 'b': (74.36, 67.51), 'l': (121.36, 110.98)}


def large(leaf: str) -> bool:
    return '_128_' not in leaf


def load(leaf: str) -> Config:
    return Config.fromfile(ROOT / f'configs/lrformer/{leaf}.py')


@pytest.mark.parametrize('leaf', LEAVES)
def test_the_head_knows_the_classes_of_its_data(leaf):
    assert load(leaf).model.decode_head.num_classes == CLASSES[leaf.split('_')[0]]


def rows(page: str) -> list[list[str]]:
    text = (ROOT / 'docs' / page).read_text(encoding='utf-8').replace('`', '')
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines() if line.startswith('|')]


@pytest.mark.parametrize('variant', first_of(PUBLISHED))
def test_sizes_at_512_are_the_published_ones_and_those_shown(variant):
    init_default_scope('mmseg')
    cfg = load(f'ade20k_semantic_512_lrformer_{variant}')
    assert input_size(cfg)[0] == (512, 512)
    with torch.device('meta'):
        backbone, head = MODELS.build(cfg.model.backbone), MODELS.build(cfg.model.decode_head)
        counted = count_complexity(torch.nn.Sequential(backbone, head), torch.empty(1, 3, 512, 512))
    macs, params = PUBLISHED[variant]
    assert counted.macs / 1e9 == pytest.approx(macs, rel=0.005)
    assert counted.params / 1e6 == pytest.approx(params, abs=0.01)
    (shown,) = [row for row in rows('reference/variants.md') if row[0] == variant.upper()]
    settings = LRFORMER_VARIANTS[variant.upper()]
    widths, depths = (', '.join(map(str, values)) for values in (settings.embed_dims, settings.depths))
    sizes = [f'{counted.by_module[p] / 1e9:.2f} G, {counted.params_by_module[p] / 1e6:.2f} M' for p in ('0', '1')]
    assert shown[1:] == [widths, depths, str(settings.drop_path_rate), sizes[0], str(head.channels), sizes[1]]


def test_attention_at_128_repeats_no_position():
    """Queries and keys of every block fit on the map they are taken from."""
    init_default_scope('mmseg')
    cfg = load('ade20k_semantic_128_lrformer_t')
    backbone, head = MODELS.build(cfg.model.backbone).eval(), MODELS.build(cfg.model.decode_head).eval()
    seen = []

    def note(module, inputs, _):
        x, grids = inputs
        size = (x.shape[2], x.shape[3])
        seen.append((size[0], grids.query_grid(size)[0], max(grids.key_sizes)))

    for module in (*backbone.modules(), *head.modules()):
        if isinstance(module, LowResolutionBlock):
            module.register_forward_hook(note)
    with torch.no_grad():
        logits = head(backbone(torch.randn(1, 3, 128, 128)))
    assert logits.shape == (1, 150, 32, 32)
    assert set(seen) == {(32, 8, 6), (16, 8, 6), (8, 8, 6), (4, 4, 3), (32, 16, 11)}


@pytest.mark.parametrize('leaf', [leaf for leaf in LEAVES if large(leaf)])
def test_large_sizes_follow_the_published_recipe(leaf):
    cfg = load(leaf)
    assert (cfg.train_cfg.type, cfg.train_cfg.max_iters) == ('IterBasedTrainLoop', 160000)
    assert cfg.train_dataloader.sampler.type == 'InfiniteSampler'
    assert (cfg.optim_wrapper.optimizer.lr, cfg.optim_wrapper.optimizer.weight_decay) == (6e-5, 0.01)
    assert cfg.optim_wrapper.clip_grad.max_norm == 35
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys['head'].lr_mult == 10
    assert cfg.default_hooks.checkpoint.by_epoch is False


def test_sizes_shown_are_those_counted():
    init_default_scope('mmseg')
    shown = {row[0]: row[1:] for row in rows('explanation/lrformer.md') if len(row) == 3 and row[1].endswith(' G')}
    assert set(shown) == {f'configs/lrformer/{leaf}.py' for leaf in LEAVES if 'ade20k_semantic_128' in leaf} | {
        'configs/lrformer/camvid_semantic_128_lrformer_t_maskattn_decoder.py'
    }
    for name, (macs, params) in shown.items():
        model = load(Path(name).stem).model
        with torch.device('meta'):
            parts = [MODELS.build(model[part]) for part in ('backbone', 'neck', 'decode_head') if model.get(part)]
            counted = count_complexity(torch.nn.Sequential(*parts), torch.empty(1, 3, 128, 128))
        assert (macs, params) == (f'{counted.macs / 1e9:.3f} G', f'{counted.params / 1e6:.3f} M')


@pytest.mark.parametrize(
    ('options', 'shown'),
    [
        (dict(attention_masks='gate'), '34.763 G in full'),
        (dict(attention_masks='gate', attention='low_resolution'), '0.147 G at low resolution'),
        (dict(), '0.404 G'),
    ],
)
def test_costs_of_attention_shown_are_those_counted(options, shown):
    text = (ROOT / 'docs/explanation/lrformer.md').read_text(encoding='utf-8')
    with torch.device('meta'):
        counted = count_complexity(MaskAttnUNet(**options), torch.empty(1, 3, 128, 128))
    assert shown.startswith(f'{counted.by_module["attentions.0"] / 1e9:.3f} G')
    assert shown in text
