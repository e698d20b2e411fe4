"""One training step of the detector in two processes, of which only the first has instances."""

from __future__ import annotations

import os

import torch
from drawn_truth import special
from mmengine.config import Config
from mmengine.registry import MODEL_WRAPPERS, MODELS, init_default_scope
from torch import distributed as dist

from mmmaskattn.engine.launch import cpu_wrapper, finish_distributed


def work(rank: int, folder: str, cases: dict[str, tuple[str, dict]]) -> None:
    """One of two processes; the second one's images hold no instance, or nothing but ignored pixels."""
    os.environ['LOCAL_RANK'] = str(rank)
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    torch.save({name: gradients(rank, *case) for name, case in cases.items()}, f'{folder}/{rank}.pt')
    finish_distributed()


def gradients(rank: int, config: str, options: dict) -> dict[str, torch.Tensor | None]:
    """What two steps leave in every parameter."""
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(options)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    model = MODEL_WRAPPERS.build(cpu_wrapper(), default_args=dict(module=MODELS.build(cfg.model).train()))
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(rank))
    samples = [special('blobs'), special('pixels')] if rank == 0 else [special('nothing'), special('ignored')]
    for _ in range(2):
        losses = model(images, samples, mode='loss')
        sum(value for name, value in losses.items() if 'loss' in name).backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}
