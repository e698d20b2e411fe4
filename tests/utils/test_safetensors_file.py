"""Weights go into a file of tensors and strings and come back as they were."""

from __future__ import annotations

import pytest
import torch
from mmengine.runner import CheckpointLoader
from torch import nn

from mmmaskattn.utils.safetensors_file import checkpoint_of, read_weights, write_weights


def module():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 4))
    layers[1].running_var.mul_(1e-7)  # nothing in half precision
    return layers.to(memory_format=torch.channels_last)


def test_what_is_written_is_read_but_for_the_counters(tmp_path):
    weights = module().state_dict()
    write_weights(tmp_path / 'a.safetensors', weights, {'licence': 'CC0-1.0', 'metrics': {'mIoU': 1.5}})
    read, texts = read_weights(tmp_path / 'a.safetensors')
    assert set(read) == {name for name in weights if not name.endswith('num_batches_tracked')}
    assert all(torch.equal(read[name], weights[name]) for name in read)
    assert (texts['licence'], texts['metrics']) == ('CC0-1.0', '{"mIoU": 1.5}')


def test_half_precision_is_of_the_larger_weights_and_of_the_file_alone(tmp_path):
    weights = module().state_dict()
    write_weights(tmp_path / 'whole.safetensors', weights, {})
    write_weights(tmp_path / 'half.safetensors', weights, {}, half=True)
    read, _ = read_weights(tmp_path / 'half.safetensors')
    assert {one.dtype for one in read.values()} == {torch.float32}
    assert torch.equal(read['0.weight'], weights['0.weight'].half().float())
    assert torch.equal(read['1.running_var'], weights['1.running_var'])
    sizes = [(tmp_path / f'{name}.safetensors').stat().st_size for name in ('whole', 'half')]
    assert sizes[0] - sizes[1] >= 2 * weights['0.weight'].numel()


def test_versions_of_modules_are_kept(tmp_path):
    weights = module().state_dict()
    assert weights._metadata['1'] == {'version': 2}
    write_weights(tmp_path / 'a.safetensors', weights, {})
    read, texts = read_weights(tmp_path / 'a.safetensors')
    assert read._metadata == weights._metadata
    assert 'module_versions' not in texts


def test_mmengine_takes_it_for_a_checkpoint(tmp_path):
    path = tmp_path / 'a.safetensors'
    write_weights(path, module().state_dict(), {'dataset_meta': {'classes': ['nucleus'], 'palette': [[1, 2, 3]]}})
    found = CheckpointLoader.load_checkpoint(str(path), map_location='cpu')
    assert found['meta']['dataset_meta'] == {'classes': ['nucleus'], 'palette': [[1, 2, 3]]}
    assert list(found['state_dict']) == list(checkpoint_of(path)['state_dict'])


def test_what_cannot_be_stored_is_refused_and_leaves_no_file(tmp_path):
    path = tmp_path / 'a.safetensors'
    with pytest.raises(ValueError, match=r'^weight 0\.weight is beyond half precision \(65504\); leave --half out$'):
        write_weights(path, {'0.weight': torch.full((2, 2), 1e6)}, {}, half=True)
    with pytest.raises(ValueError, match='not finite'):
        write_weights(path, {'0.weight': torch.tensor([float('nan')])}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_and_a_damaged_one_is_named(tmp_path):
    path = tmp_path / 'a.safetensors'
    path.write_bytes(b'no weights')
    with pytest.raises(FileExistsError, match='is there already and is not overwritten'):
        write_weights(path, {}, {})
    with pytest.raises(RuntimeError, match=r'a\.safetensors is cut short, damaged or no safetensors file'):
        read_weights(path)
