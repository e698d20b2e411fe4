"""Wrong command lines of every tool: each ends in one line that names what is wrong, and in no traceback."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from small_job import ROOT, write_job
from tool_calls import call_tool

TINY = ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py'
PANOPTIC = ROOT / 'configs/maskattn/coco_panoptic_128_tiny.py'
FILES = {
    'empty.py': '',
    'syntax.py': 'model = dict(\n',
    'name.py': 'model = dict(type=typo)\n',
    'base.py': "_base_ = './gone.py'\n",
    'text.txt': 'model = 3\n',
    'text.pth': 'no checkpoint',
    'results.json': '{"cut',
    'page.md': 'no table',
    'a file': '',
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with a small job, checkpoints that are not its own, and files that are no configs."""
    folder = tmp_path_factory.mktemp('wrong')
    config = write_job(folder, num_train=2, num_val=1)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    cfg = Config.fromfile(config)
    init_default_scope('mmseg')
    weights = MODELS.build(cfg.model).state_dict()
    names = list(weights)
    other = MODELS.build(dict(type='mmseg.FCNHead', in_channels=8, channels=8, num_classes=4)).state_dict()
    classes = {name: value[:9] if value.shape[:1] == (150,) else value for name, value in weights.items()}
    half = {name: weights[name] for name in names[: len(names) // 2]}
    files = dict(whole=weights, none={}, half=half, other=other, classes=classes, number=3)
    for name, value in files.items():
        torch.save(dict(meta={}, state_dict=value), folder / f'{name}.pth')
    torch.save([1, 2], folder / 'list.pth')
    (folder / 'cut.pth').write_bytes((folder / 'whole.pth').read_bytes()[:-2000])
    return folder


def options(*words):
    return ['job.py', '--cfg-options', *words]


def on_job(checkpoint, *words):
    return ['job.py', checkpoint, '--work-dir', 'tested', *words]


# Tool, arguments, what the line must name.
WRONG = [
    ('train.py', [], 'config'),
    ('train.py', ['gone.py'], 'gone.py'),
    ('train.py', ['.'], 'there is no config .'),
    ('train.py', ['empty.py'], 'empty.py has no model'),
    ('train.py', ['syntax.py'], 'syntax.py'),
    ('train.py', ['name.py'], 'typo'),
    ('train.py', ['base.py'], 'gone.py'),
    ('train.py', ['text.txt'], 'text.txt'),
    ('train.py', ['job.py', '--epochs', '3'], '--epochs'),
    ('train.py', ['job.py', '--resum-from', 'x'], 'did you mean --resume?'),
    ('train.py', ['job.py', '--seed', 'x'], "'x'"),
    ('train.py', ['job.py', '--fraction', '0'], '0'),
    ('train.py', ['job.py', '--resume', 'gone.pth'], 'gone.pth'),
    ('train.py', ['job.py', '--launcher', 'ssh'], 'ssh'),
    ('train.py', ['job.py', '--launcher', 'slurm'], 'SLURM_PROCID'),
    ('train.py', ['job.py', '--amp-dtype', 'float16'], '--amp-dtype float16'),
    ('train.py', ['job.py', '--work-dir', 'a file'], 'a file'),
    ('train.py', options('foo'), '--cfg-options foo'),
    ('train.py', options('train_cfg.max_epochs=[1'), "max_epochs='[1'"),
    ('train.py', options('data_root=nowhere'), 'nowhere'),
    ('train.py', options('image_size=8'), 'image_size=8'),
    ('train.py', options('num_classes=0'), 'num_classes=0'),
    ('train.py', options('num_clases=3'), 'did you mean num_classes?'),
    ('train.py', options('vis_backends=[x]'), 'visualizer.vis_backends'),
    ('train.py', options('train_pipeline=[x]'), 'train_pipeline'),
    ('train.py', options('optim_wraper.type=x'), 'did you mean optim_wrapper?'),
    ('train.py', options('optim_wrapper.optimiser.lr=1'), 'did you mean optimizer?'),
    ('train.py', options('model.backbone.chanels=3'), 'did you mean channels?'),
    ('train.py', options('model.backbone=3'), 'model.backbone=3'),
    ('train.py', options('model.backbone.arch=huge'), "'huge'"),
    ('train.py', options('model.backbone.type=MaskAtnUNet'), 'MaskAttnUNet'),
    ('train.py', options('train_cfg.max_epochs=0'), 'train_cfg.max_epochs=0'),
    ('train.py', options('train_cfg.max_epochs=many'), "'many'"),
    ('train.py', options('train_cfg.val_interval=-1'), 'train_cfg.val_interval=-1'),
    ('train.py', options('default_hooks.checkpoint.interval=0'), 'default_hooks.checkpoint.interval=0'),
    ('train.py', options('train_dataloader.batch_size=0'), 'train_dataloader.batch_size=0'),
    ('train.py', options('train_dataloader.bach_size=2'), 'did you mean batch_size?'),
    ('train.py', options('train_dataloader.dataset.pipeline.9.x=1'), 'found 9'),
    ('train.py', options('optim_wrapper.optimizer.lr=-1'), '-1'),
    ('train.py', options('optim_wrapper.optimizer.type=Adan'), 'Adan'),
    ('train.py', options('default_hooks.logger.interval=0'), 'default_hooks.logger.interval=0'),
    ('train.py', options('randomness.sed=1'), 'did you mean seed?'),
    ('train.py', options('load_from=gone.pth'), 'gone.pth'),
    ('test.py', ['job.py'], 'checkpoint'),
    ('test.py', on_job('gone.pth'), 'gone.pth'),
    ('test.py', on_job('text.pth'), 'text.pth'),
    ('test.py', on_job('cut.pth'), 'cut.pth'),
    ('test.py', on_job('list.pth'), 'list.pth'),
    ('test.py', on_job('none.pth'), 'none.pth does not fit the model: 0 of'),
    ('test.py', on_job('half.pth'), 'missing (backbone.'),
    ('test.py', on_job('other.pth'), 'unexpected (conv_seg.'),
    ('test.py', on_job('classes.pth'), '2 of another shape (decode_head.conv_seg.weight, decode_head.conv_seg.bias)'),
    ('test.py', on_job('number.pth'), 'number.pth'),
    ('test.py', on_job('whole.pth', '--protocol', 'exact'), 'exact'),
    ('test.py', on_job('whole.pth', '--out', 'a file'), 'a file exists already'),
    ('test.py', on_job('whole.pth', '--show-embeddings'), '--show-embeddings'),
    ('analysis/get_flops.py', ['gone.py'], 'gone.py'),
    ('analysis/get_flops.py', ['empty.py'], 'empty.py'),
    ('analysis/get_flops.py', [TINY, '--shape', '1', '2', '3'], '[1, 2, 3]'),
    ('analysis/get_flops.py', [TINY, '--cfg-options', 'num_things=3'], 'did you mean num_classes?'),
    ('analysis/get_flops.py', [PANOPTIC, '--cfg-options', 'num_classes=3'], 'did you mean num_things'),
    ('deploy/runtimes.py', ['a.onnx', 'shots', '--most', '0'], '--most 0'),
    ('analysis/accuracy.py', [TINY, '--epochs', '1', '--rates', '0.001', '0'], '--rates: found 0'),
    ('analysis/accuracy.py', [TINY, '--epochs', '1', '--rates', '0.001', '1e-3'], '0.001 is given twice'),
    ('analysis/accuracy.py', [TINY, '--epochs', '1', '--seeds', '0', '0'], '--seeds: 0 is given twice'),
    ('analysis/benchmark.py', ['deployed', 'a.onnx', '--picture', 'a.png', '--rounds', '0'], '--rounds 0'),
    ('analysis/benchmark.py', ['deployed', 'a.onnx', '--picture', 'a.png', '--threads', '1', '0'], '--threads [1, 0]'),
    ('analysis/compare.py', [TINY, TINY, '--out', 'compared'], 'given twice'),
    ('analysis/compare.py', [TINY, '--out', 'compared', '--accuracy', 'results.json'], 'results.json'),
    ('analysis/benchmark.py', ['predict', TINY], '1 paths'),
    ('analysis/benchmark.py', ['predict', 'job.py', 'classes.pth'], 'classes.pth does not fit'),
    ('analysis/benchmark.py', ['latencies'], 'latencies'),
    ('analysis/browse_dataset.py', ['job.py', '--indices', '7'], '[7]'),
    ('analysis/browse_dataset.py', ['empty.py'], 'empty.py'),
    ('analysis/accuracy.py', ['job.py', '--epochs', '0'], 'above 0'),
    ('analysis/accuracy.py', ['gone.py', '--epochs', '1'], 'gone.py'),
    ('analysis/oracle_ceiling.py', ['gone.py'], 'gone.py'),
    ('analysis/oracle_ceiling.py', ['empty.py'], 'test_dataloader'),
    ('analysis/benchmark_loader.py', ['gone.py', '--draw', 'coco'], 'gone.py'),
    ('analysis/benchmark_prepare_memory.py', ['--per-image', '-1'], '-1'),
    ('analysis/draw_examples.py', ['job.py', 'gone.pth', '--out', 'x.png'], 'gone.pth'),
    ('analysis/plot_accuracy.py', ['page.md', '--x', 'a', '--y', 'b', '--out', 'x.png'], 'page.md'),
    ('data/check.py', ['gone.py'], 'gone.py'),
    ('data/check.py', ['job.py', '--size', '3'], '3'),
    ('data/make_mini.py', ['ade20k', 'a file'], 'a file'),
    ('data/make_mini.py', ['voc', 'x'], 'voc'),
    ('data/shrink.py', ['gone', 'target'], 'gone'),
    ('data/shrink.py', ['ade20k', 'target', '--size', '0'], '0'),
    ('data/prepare_ade20k.py', ['gone'], 'gone'),
    ('data/prepare_cityscapes.py', ['gone', '--splits', 'all'], 'all'),
]


@pytest.mark.parametrize(('tool', 'arguments', 'named'), WRONG, ids=lambda value: None)
def test_a_wrong_command_line_ends_in_one_line(folder, tool, arguments, named):
    done = call_tool(tool, *arguments, cwd=folder)
    assert done.returncode in (1, 2), done.stdout
    assert 'Traceback' not in done.stderr + done.stdout, done.stderr
    line = done.stderr.strip().splitlines()[-1]
    name = tool.rpartition('/')[2].removesuffix('.py')
    assert line.startswith((f'{name}: ', f'{name}.py')), done.stderr
    assert named in line
    assert len(line) < 1200


def test_debug_shows_where_an_error_comes_from(folder):
    done = call_tool('analysis/get_flops.py', 'gone.py', '--debug', cwd=folder)
    assert done.returncode == 1
    assert 'Traceback' in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith('FileNotFoundError: there is no config gone.py')


def test_partial_weights_are_tested_when_that_is_asked_for(folder):
    done = call_tool('test.py', *on_job('half.pth', '--allow-partial'), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert 'mIoU' in done.stdout


def test_whole_weights_are_tested_at_another_root_and_size(folder):
    """`data_root` and `image_size` reach what the config has made of them."""
    (folder / 'ade20k').rename(folder / 'moved')
    try:
        words = ('--cfg-options', f'data_root={folder / "moved"}', 'image_size=48')
        done = call_tool('test.py', *on_job('whole.pth', *words), cwd=folder)
    finally:
        (folder / 'moved').rename(folder / 'ade20k')
    assert done.returncode == 0, done.stderr
    assert 'mIoU' in done.stdout
