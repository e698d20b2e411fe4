"""The leaves of configs/scaseg: classes, recipes, keys, and sizes as shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from small_job import run_tool

from mmmaskattn.analysis import build_model, count_complexity, read_config
from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.models import StripCrossAttentionHead

ROOT = Path(__file__).parents[2]
LEAVES = sorted(path.stem for path in (ROOT / 'configs/scaseg').glob('*_semantic_*.py'))
ITERATIONS_JOB = """
_base_ = '{leaf}'
from mmmaskattn.datasets.input_size import with_input_size

train_dataloader = with_input_size(_base_.train_dataloader, 64)
train_dataloader.update(batch_size=2, num_workers=0)
val_dataloader = with_input_size(_base_.val_dataloader, 64)
val_dataloader.update(num_workers=0, persistent_workers=False)
train_cfg = dict(max_iters=4, val_interval=2)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=2))
"""
CLASSES = {'ade20k': 150, 'coco': 133, 'cityscapes': 19, 'camvid': 11}


def size_of(leaf: str) -> int:
    return int(leaf.split('_')[2])


def load(leaf: str) -> Config:
    return Config.fromfile(ROOT / f'configs/scaseg/{leaf}.py')


@pytest.mark.parametrize('leaf', LEAVES)
def test_the_head_knows_the_classes_of_its_data(leaf):
    assert load(leaf).model.decode_head.num_classes == CLASSES[leaf.split('_')[0]]


@pytest.mark.parametrize('leaf', LEAVES)
def test_keys_form_a_small_grid(leaf):
    """Stride 16 at 128x128 (8x8 keys), 16x16 keys at the large sizes."""
    init_default_scope('mmseg')
    cfg = load(leaf)
    head = MODELS.build(cfg.model.decode_head)
    assert isinstance(head, StripCrossAttentionHead)
    stride = 2 if 'maskattn' in leaf else 4
    finest = (size_of(leaf) // stride,) * 2
    assert head.decoder.key_grid(finest) == ((8, 8) if size_of(leaf) == 128 else (16, 16))


@pytest.mark.parametrize('leaf', [leaf for leaf in LEAVES if size_of(leaf) > 128])
def test_large_sizes_count_in_iterations(leaf):
    cfg = load(leaf)
    assert (cfg.train_cfg.type, cfg.train_cfg.max_iters) == ('IterBasedTrainLoop', 160000)
    assert cfg.train_dataloader.sampler.type == 'InfiniteSampler'
    hooks = cfg.default_hooks
    counted_in_epochs = (hooks.checkpoint.by_epoch, hooks.logger.log_metric_by_epoch, cfg.log_processor.by_epoch)
    assert counted_in_epochs == (False, False, False)
    assert [part.by_epoch for part in cfg.param_scheduler] == [False, False]
    assert (cfg.param_scheduler[0].end, cfg.param_scheduler[-1].end) == (1500, 160000)


def test_heads_learn_ten_times_as_fast_and_norms_of_the_backbone_do_not_decay():
    init_default_scope('mmseg')
    cfg = load('ade20k_semantic_512_scaseg_mit_b0')
    model = MODELS.build(cfg.model)
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    found = {name: {(g['lr'], g['weight_decay']) for g in groups for p in g['params'] if p is value}
             for name, value in model.named_parameters()}  # fmt: skip
    for name, settings in found.items():
        ((lr, decay),) = settings
        assert lr == pytest.approx(6e-4 if name.startswith('decode_head') else 6e-5)
        assert decay == (0.0 if name.startswith('backbone') and 'norm' in name else 0.01), name


@pytest.mark.long
def test_a_training_counted_in_iterations_runs_validates_and_resumes(tmp_path):
    config = tmp_path / 'job.py'
    config.write_text(ITERATIONS_JOB.format(leaf=ROOT / 'configs/scaseg/ade20k_semantic_512_scaseg_mit_b0.py'))
    variables = dict(ADE20K_ROOT=str(write_mini('ade20k', tmp_path / 'ade20k', 3, 2, (96, 128))))
    log = run_tool('train.py', config, '--work-dir', 'work', cwd=tmp_path, **variables)
    assert 'Iter(train) [4/4]' in log
    assert log.count('lowres/mIoU') >= 2
    assert (tmp_path / 'work/iter_4.pth').is_file()
    options = ('--work-dir', 'work', '--resume', '--cfg-options', 'train_cfg.max_iters=6')
    log = run_tool('train.py', config, *options, cwd=tmp_path, **variables)
    assert 'Iter(train) [5/6]' in log
    assert 'Iter(train) [4/' not in log


def test_sizes_shown_are_those_counted():
    text = (ROOT / 'docs/explanation/scaseg.md').read_text(encoding='utf-8').replace('`', '')
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines() if ' G |' in line]
    assert len(rows) == 6
    for name, option, macs, params in rows:
        options = dict([option.split('=')]) if option else {}
        options = {key: None if value == 'None' else value for key, value in options.items()}
        counted = count_complexity(build_model(read_config(ROOT / f'configs/{name}.py', options)), (128, 128))
        assert (macs, params) == (f'{counted.macs / 1e9:.3f} G', f'{counted.params / 1e6:.3f} M'), (name, option)
