"""CrossProcessBN: two processes must normalise as one does."""

import copy

import pytest
import torch
from batch_norm_job import CHANNELS, batches, layer_of, step, targets_of, work
from mmcv.cnn import build_norm_layer
from torch import nn
from warm_processes import run_two

from mmmaskattn.models.layers.norms import CrossProcessBatchNorm2d

# Batch size of each of the two processes, options of the layer.
CASES = [
    ((2, 2), {}),
    ((3, 1), {}),
    ((4, 0), {}),
    ((2, 2), {'momentum': None}),
    ((2, 1), {'affine': False}),
    ((2, 1), {'track_running_stats': False}),
]


@pytest.fixture(scope='module')
def of_two_processes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('processes')
    run_two(work, CASES, folder)
    return [torch.load(folder / f'{rank}.pt') for rank in range(2)]


@pytest.mark.parametrize('case', range(len(CASES)), ids=[str(case) for case in CASES])
def test_two_processes_equal_one_with_the_joint_batch(of_two_processes, case):
    sizes, options = CASES[case]
    results = [process[case] for process in of_two_processes]
    parts = batches(sizes)
    reference = nn.BatchNorm2d(CHANNELS, dtype=torch.float64, **options)
    reference.load_state_dict(layer_of(**options).state_dict())
    for _ in range(2):
        out, grad, gradients, buffers = step(reference, torch.cat(parts), torch.cat(targets_of(parts)))
    torch.testing.assert_close(torch.cat([result[0] for result in results]), out)
    torch.testing.assert_close(torch.cat([result[1] for result in results]), grad)
    for index, expected in enumerate(gradients):
        torch.testing.assert_close(sum(result[2][index] for result in results), expected)
    for result in results:
        torch.testing.assert_close(result[3], buffers)


def test_one_process_is_plain_batch_norm():
    ours, plain = layer_of(), nn.BatchNorm2d(CHANNELS, dtype=torch.float64)
    plain.load_state_dict(ours.state_dict())
    x = batches([2])[0]
    for mode in (True, False):
        ours.train(mode)
        plain.train(mode)
        assert torch.equal(ours(x), plain(x))
    assert torch.equal(ours.running_var, plain.running_var)


def test_single_value_per_channel_is_normalised_by_running_statistics():
    layer = layer_of()
    layer(batches([4])[0])
    before = copy.deepcopy(layer.state_dict())
    x = torch.randn(1, CHANNELS, 1, 1, dtype=torch.float64)
    with pytest.raises(ValueError, match='more than 1 value per channel'):
        nn.BatchNorm2d(CHANNELS, dtype=torch.float64)(x)
    in_training = layer(x)
    assert torch.equal(in_training, layer.eval()(x))
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


def test_config_builds_it_and_names_it_bn():
    name, layer = build_norm_layer(dict(type='mmmaskattn.CrossProcessBN', eps=1e-3), 7, postfix=2)
    assert name == 'bn2'
    assert isinstance(layer, CrossProcessBatchNorm2d)
    assert (layer.num_features, layer.eps) == (7, 1e-3)


def test_wrong_dimensions_are_refused():
    with pytest.raises(ValueError, match='expected 4D input'):
        layer_of()(torch.zeros(2, CHANNELS, dtype=torch.float64))


def test_export_and_compile_give_the_same():
    layer = layer_of(torch.float32).eval()
    x = torch.randn(2, CHANNELS, 4, 4)
    exported = torch.export.export(layer, (x,)).module()
    torch.testing.assert_close(exported(x), layer(x))
    torch.testing.assert_close(torch.compile(layer, backend='eager', fullgraph=True)(x), layer(x))
    layer.train()
    compiled = torch.compile(copy.deepcopy(layer), backend='eager', fullgraph=True)
    torch.testing.assert_close(compiled(x), layer(x))
