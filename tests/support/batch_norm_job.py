"""What each process of the batch-norm test does; a module of its own, as new processes must be able to import it."""

import torch
from torch import distributed as dist
from torch import nn

from mmmaskattn.engine.launch import finish_distributed
from mmmaskattn.models.layers.norms import CrossProcessBatchNorm2d

CHANNELS = 3


def layer_of(dtype=torch.float64, **options):
    torch.manual_seed(0)
    layer = CrossProcessBatchNorm2d(CHANNELS, dtype=dtype, **options)
    if layer.affine:
        nn.init.normal_(layer.weight, 1.0)
        nn.init.normal_(layer.bias)
    return layer


def batches(sizes):
    """One batch per process, far from zero mean so that careless variances show."""
    generator = torch.Generator().manual_seed(1)
    parts = [torch.randn(n, CHANNELS, 4, 5, generator=generator, dtype=torch.float64) for n in sizes]
    return [3 * part + 50 for part in parts]


def step(layer, x, target):
    """Forward and backward of a loss that is not symmetric in its pixels; returns all that must agree."""
    x = x.clone().requires_grad_()
    out = layer(x)
    (out * target).square().sum().backward()
    gradients = [parameter.grad for parameter in layer.parameters()]
    return out.detach(), x.grad, gradients, [buffer.clone() for buffer in layer.buffers()]


def targets_of(parts):
    generator = torch.Generator().manual_seed(2)
    return [torch.randn(part.shape, generator=generator, dtype=torch.float64) for part in parts]


def work(rank, cases, folder, device='cpu'):
    """Two steps of every case in one process of a group; the second steps' results go to a file."""
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    results = []
    for sizes, options in cases:
        parts, layer = batches(sizes), layer_of(**options).to(device)
        part, target = parts[rank].to(device), targets_of(parts)[rank].to(device)
        results.append([step(layer, part, target) for _ in range(2)][-1])
    torch.save(results, f'{folder}/{rank}.pt')
    finish_distributed()
