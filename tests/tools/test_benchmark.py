"""The benchmark command on real configs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from long_tests import first_of

from mmmaskattn.analysis import build_model, read_config
from mmmaskattn.data_tools.mini import write_mini

ROOT = Path(__file__).parents[2]
TINY = ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py'


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('benchmark', ROOT / 'tools/analysis/benchmark.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def zoo(name):
    return Path(importlib.util.find_spec('mmseg').origin).parent / '.mim/configs' / name


def rows_of(text):
    return [[cell.strip() for cell in line.split('|')[1:-1]] for line in text.splitlines() if line.startswith('| ')][1:]


def test_latency_side_by_side_tells_conditions(tool, capsys):
    peer = zoo('segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py')
    tool.main(['latency', str(TINY), str(peer), '--shape', '64', '48', '--rounds', '3', '--warmup', '1'])
    captured = capsys.readouterr()
    ours, theirs = rows_of(captured.out)
    assert ours[:2] == ['ade20k_semantic_128_tiny', 'tensor']
    assert ours[4] == '1.00'
    assert 0 < float(theirs[2]) <= float(theirs[3])
    for condition in ('1 CPU thread', 'torch 2', '1 x 3 x 64 x 48', 'inference_mode', '3 interleaved rounds'):
        assert condition in captured.out
    assert 'round 4/4' in captured.err


def test_training_step_with_channels_last_unless_asked_otherwise(tool, capsys):
    options = ['--shape', '32', '--batch', '2', '--rounds', '2', '--warmup', '0', '--train-step']
    tool.main(['latency', str(TINY), *options])
    out = capsys.readouterr().out
    assert rows_of(out)[0][1] == 'tensor, backward'
    assert '2 x 3 x 32 x 32, float32, channels_last, training mode' in out


def test_both_memory_formats_side_by_side(tool, capsys):
    seen = []
    forward = torch.nn.Conv2d.forward

    def noted(conv, x):
        if conv.kernel_size[0] > 1:  # the weights of 1x1 lie the same either way
            seen.append(conv.weight.is_contiguous(memory_format=torch.channels_last))
        return forward(conv, x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.Conv2d, 'forward', noted)
        tool.main(['latency', str(TINY), '--shape', '32', '--rounds', '1', '--warmup', '0', '--layout', 'both'])
    out = capsys.readouterr().out
    assert [row[0].rpartition(', ')[2] for row in rows_of(out)] == ['channels_first', 'channels_last']
    assert {True, False} == set(seen)
    assert 'both memory formats' in out


def test_the_first_configs_size_is_the_default_and_equal_names_stay_apart(tool, capsys, tmp_path):
    copy = tmp_path / TINY.name
    copy.write_text(f'_base_ = [{str(TINY)!r}]')
    tool.main(['latency', str(TINY), str(copy), '--rounds', '1', '--warmup', '0'])
    out = capsys.readouterr().out
    assert '1 x 3 x 128 x 128' in out
    assert [row[0] for row in rows_of(out)] == [str(TINY), str(copy)]


def test_decode_compares_full_and_reduced(tool, capsys):
    tool.main(['decode', '--native-size', '480', '640', '--size', '64', '--repeats', '2'])
    out = capsys.readouterr().out
    assert '480' in out
    assert '640' in out
    assert '64' in out


def test_grouping_alone(tool, capsys):
    tool.main(['grouping', '--k', '9', '--side', '32', '--rounds', '2', '--warmup', '0'])
    assert [row[0] for row in rows_of(capsys.readouterr().out)] == [
        'matrix product',
        'K = 9, 9 instances',
        'K = 9, 8 instances',
    ]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['latency', 'nowhere.py'], 'there is no config nowhere.py'),
        (['grouping', '--k', '5000'], '5000 instances in 64x64 pixels'),
    ],
)
def test_bad_input_is_refused(tool, arguments, message):
    with pytest.raises(SystemExit, match=message):
        tool.main(arguments)


def test_numbers_below_one_are_refused(tool, capsys):
    for option in ('--rounds', '--threads', '--batch'):
        with pytest.raises(SystemExit):
            tool.main(['latency', str(TINY), option, '0'])
        assert f'{option} 0: expected 1 or more' in capsys.readouterr().err


@pytest.mark.slow
def test_predictions_of_trained_models_on_their_test_set(tool, capsys, tmp_path):
    root = write_mini('coco', tmp_path / 'coco', num_train=2, num_val=3, size=(48, 64), seed=0)
    config = ROOT / 'configs/maskattn/coco_panoptic_128_tiny.py'
    checkpoint = tmp_path / 'weights.pth'
    torch.save(dict(state_dict=build_model(read_config(config)).state_dict(), meta={}), checkpoint)
    options = [f'test_dataloader.dataset.data_root={root}']
    tool.main(['predict', str(config), str(checkpoint), '--images', '3', '--rounds', '1', '--cfg-options', *options])
    out = capsys.readouterr().out
    ((name, milliseconds, *_),) = rows_of(out)
    assert name == 'coco_panoptic_128_tiny'
    assert float(milliseconds) > 0
    assert '3 images of the test set' in out
    again = ['--batch', '2', '--layout', 'both', '--images', '3', '--rounds', '2', '--cfg-options', *options]
    tool.main(['predict', str(config), 'random', *again])
    first, last = rows_of(capsys.readouterr().out)
    assert [row[0].rpartition(', ')[2] for row in (first, last)] == ['channels_first', 'channels_last']
    assert float(first[3]) == pytest.approx(float(first[1]) / 2, abs=0.1)


@pytest.mark.parametrize('workers', first_of(['1', '0']))
def test_epochs_against_a_plain_loop(tool, capsys, tmp_path, workers):
    root = write_mini('ade20k', tmp_path / 'ade20k', num_train=8, num_val=1, size=(64, 64), seed=0)
    options = [f'train_dataloader.dataset.data_root={root}', 'image_size=32', 'train_dataloader.batch_size=2']
    words = ['--epochs', '1', '--images', '4', '--cache', 'none', 'ram', '--workers', workers]
    tool.main(['epoch', str(TINY), *words, '--cfg-options', *options])
    out = capsys.readouterr().out
    rows = rows_of(out)
    assert [row[:2] for row in rows] == [['none', workers], ['ram', workers]]
    assert all(float(row[2]) > 0 and float(row[4]) > 0 for row in rows)
    assert '2 iterations of 2 images an epoch' in out


def test_a_config_without_its_checkpoint_is_told(tool, capsys):
    with pytest.raises(SystemExit):
        tool.main(['predict', str(TINY)])
    assert 'expected a checkpoint after each config' in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r'there is no checkpoint nowhere\.pth'):
        tool.main(['predict', str(TINY), 'nowhere.pth'])
