"""The fused step against torch's plain one, on a real model's groups."""

import copy

import pytest
import torch
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from torch import nn

from mmmaskattn.engine.runner import fuse_step

WAYS = {
    'AdamW': dict(type='AdamW', lr=2e-3, weight_decay=1e-3),
    'Adam': dict(type='Adam', lr=2e-3, weight_decay=0.0),
    'SGD': dict(type='SGD', lr=1e-2, momentum=0.9, weight_decay=1e-4),
}


def small_net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3))


def wrapper_of(net: nn.Module, way: dict, **more) -> object:
    return build_optim_wrapper(
        net, dict(optimizer={**way, **more}, paramwise_cfg=dict(norm_decay_mult=0.0), clip_grad=dict(max_norm=1.0))
    )


def train(net: nn.Module, wrapper, steps: int = 20) -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        wrapper.update_params(net(torch.rand(2, 3, 9, 9, generator=generator)).square().mean())


@pytest.mark.parametrize('way', WAYS)
def test_weights_are_those_of_the_plain_step(way):
    plain, fused = small_net(), small_net()
    wrappers = wrapper_of(plain, WAYS[way]), wrapper_of(fused, WAYS[way])
    fuse_step(wrappers[1])
    assert {group['fused'] for group in wrappers[1].optimizer.param_groups} == {True}
    for net, wrapper in zip((plain, fused), wrappers):
        train(net, wrapper)
    for one, other in zip(plain.parameters(), fused.parameters()):
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-6)


def test_what_was_saved_without_is_gone_on_with():
    plain, resumed = small_net(), small_net()
    before = wrapper_of(plain, WAYS['AdamW'])
    train(plain, before)
    after = wrapper_of(resumed, WAYS['AdamW'])
    fuse_step(after)
    resumed.load_state_dict(copy.deepcopy(plain.state_dict()))
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    for net, wrapper in ((plain, before), (resumed, after)):
        train(net, wrapper)
    for one, other in zip(plain.parameters(), resumed.parameters()):
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('said', [dict(foreach=True), dict(fused=False)])
def test_what_the_config_says_stays(said):
    wrapper = wrapper_of(small_net(), WAYS['AdamW'], **said)
    fuse_step(wrapper)
    assert {group['fused'] for group in wrapper.optimizer.param_groups} == {said.get('fused')}


def test_several_optimizers_and_others_kinds():
    wrappers = OptimWrapperDict(
        first=wrapper_of(small_net(), WAYS['AdamW']),
        second=wrapper_of(small_net(), dict(type='RMSprop', lr=1e-3, weight_decay=0.0)),
    )
    fuse_step(wrappers)
    assert [wrappers[name].optimizer.param_groups[0].get('fused') for name in ('first', 'second')] == [True, None]
