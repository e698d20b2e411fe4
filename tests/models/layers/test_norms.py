"""CrossProcessBN: two processes must normalise as one does."""

import copy

import pytest
import torch
from batch_norm_job import CHANNELS, batches, layer_of, step, targets_of, work
from mmcv.cnn import build_norm_layer
from torch import distributed as dist
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


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device, which two processes share')


@pytest.fixture(scope='module', params=['cpu', pytest.param('cuda', marks=needs_gpu)])
def of_two_processes(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('processes')
    run_two(work, CASES, folder, request.param)
    return [torch.load(folder / f'{rank}.pt', map_location='cpu') for rank in range(2)]


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


@pytest.fixture(params=['no group', 'a group of one'])
def one_process(request):
    if request.param == 'no group':
        yield
        return
    dist.init_process_group('gloo', store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures('one_process')
@pytest.mark.parametrize('mode', [True, False])
@pytest.mark.parametrize('options', [{}, {'momentum': None}, {'affine': False}])
def test_one_process_is_plain_batch_norm_to_the_bit(mode, options):
    ours, plain = layer_of(**options).train(mode), nn.BatchNorm2d(CHANNELS, dtype=torch.float64, **options).train(mode)
    plain.load_state_dict(ours.state_dict())
    parts = batches([2])
    results = [step(layer, parts[0], targets_of(parts)[0]) for layer in (ours, plain)]
    torch.testing.assert_close(*results, rtol=0, atol=0)


def test_the_forward_of_torchs_synchronised_norm_takes_our_layer():
    """It is for CUDA tensors; with one process it normalises any."""
    ours, plain = layer_of(), layer_of()
    x = batches([2])[0]
    assert torch.equal(ours._by_torch(x), plain(x))
    assert torch.equal(ours.running_var, plain.running_var)
    with pytest.raises(ValueError, match='expected 4D input'):
        ours._by_torch(x[0])


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
