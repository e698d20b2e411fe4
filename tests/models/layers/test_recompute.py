"""Recomputation reaches every block, the first one too, whose input needs no gradient; gradients stay the same."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmmaskattn.models.backbones import LRFormer, MaskAttnUNet
from mmmaskattn.models.layers.mask_attention import PreNormBlock

WIDTHS = (8, 8, 16, 16)
BACKBONES = {
    'maskattn': lambda with_cp: MaskAttnUNet(
        'tiny', channels=WIDTHS, num_convs=(1, 1, 1, 1), attention_masks='gate', norm_cfg=dict(type='GN', num_groups=2),
        with_cp=with_cp,
    ),
    'lrformer': lambda with_cp: LRFormer(
        'T', embed_dims=WIDTHS, depths=(1, 1, 1, 1), num_heads=(2, 2, 2, 2), norm_cfg=dict(type='GN', num_groups=2),
        with_cp=with_cp,
    ),
}  # fmt: skip


def build(name: str, with_cp: bool) -> nn.Module:
    torch.manual_seed(0)
    return BACKBONES[name](with_cp).double()


def recomputing(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if getattr(module, 'with_cp', False)]


def runs_of(model: nn.Module, image: torch.Tensor, backward: bool) -> list[int]:
    """How often the first leaf of each recomputing module is run, forward and backward pass together."""
    counts = []
    for number, module in enumerate(recomputing(model)):
        counts.append(0)
        leaf = next(one for one in module.modules() if not list(one.children()))

        def count(*_, number=number):
            counts[number] += 1

        leaf.register_forward_hook(count)
    maps = model(image)
    if backward:
        sum(one.square().sum() for one in maps).backward()
    return counts


@pytest.mark.parametrize('name', BACKBONES)
def test_every_block_is_computed_again_in_the_backward_pass(name):
    image = torch.rand(1, 3, 32, 32, dtype=torch.float64)
    model = build(name, True).train()
    assert len(recomputing(model)) >= 4
    assert set(runs_of(model, image, backward=True)) == {2}
    assert set(runs_of(build(name, True).eval(), image, backward=False)) == {1}


@pytest.mark.parametrize('name', BACKBONES)
def test_gradients_are_those_without(name):
    image = torch.rand(2, 3, 32, 32, dtype=torch.float64)
    gradients = []
    for with_cp in (False, True):
        model = build(name, with_cp).train()
        torch.manual_seed(1)
        sum(one.square().sum() for one in model(image)).backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    for a, b in zip(*gradients):
        torch.testing.assert_close(a, b)


def test_nothing_is_kept_for_an_image_without_gradients():
    """What the first block keeps is what recomputation is for: its maps are the finest."""
    block = PreNormBlock.__subclasses__()[0]
    module = block(8, (16, 16), with_cp=True).train()
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda one: kept.append(one.numel()) or one, lambda one: one):
        module(torch.rand(1, 8, 16, 16))
    assert sum(kept) <= 8 * 16 * 16
