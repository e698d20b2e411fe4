"""Mask attention against a direct reading of Eqs. 1 and 2 in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mmmaskattn.models.layers import MaskAttention, MaskTerms, masked_attention
from mmmaskattn.models.layers.attention_masks import ATTENTION_MASKS
from mmmaskattn.models.layers.mask_attention import carried_width, carry_bias

CONFIGS = {
    'none': 'none',
    'dense': 'dense',
    'dense per head': dict(type='dense', per_head=True),
    'gate': 'gate',
    'topk': dict(type='topk', k=7),
    'topk of all': dict(type='topk', k=100),
    'random': dict(type='random', keep=0.25, seed=3),
}


def build(config, size=(6, 5), channels=16, **kwargs) -> MaskAttention:
    """A module in float64 with weights large enough for the mask to matter."""
    torch.manual_seed(0)
    module = MaskAttention(channels, size, mask=config, **kwargs).double()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return module


def mask_matrix(module: MaskAttention, tokens: Tensor) -> Tensor:
    """M of Eq. 1 written out, (B, 1 or heads, N, N), from what each mask is said to be."""
    batch, number = tokens.shape[:2]
    name = next(name for name, kind in ATTENTION_MASKS.items() if type(module.mask) is kind)
    matrix = torch.zeros(batch, 1, number, number, dtype=torch.float64)
    if name == 'dense':
        return module.mask.bias[None].expand(batch, -1, -1, -1)
    if name in ('gate', 'topk'):
        scores = tokens @ module.mask.scorer.weight[0] + module.mask.scorer.bias
        matrix = matrix + torch.log(1 / (1 + torch.exp(-scores)))[:, None, None, :]
    if name == 'topk' and module.mask.k < number:
        for image in range(batch):
            dropped = torch.argsort(scores[image], descending=True)[module.mask.k :]
            matrix[image, :, :, dropped] = -math.inf
    if name == 'random':
        kept = torch.argsort(module.mask.draws[:number], descending=True)[: round(module.mask.keep * number)]
        dropped = [j for j in range(number) if j not in kept.tolist()]
        matrix[..., dropped] = -math.inf
    return matrix


def direct_reading(module: MaskAttention, x: Tensor) -> Tensor:
    """Eqs. 1 and 2 head by head, with the full N x N matrix."""
    batch, channels, height, width = x.shape
    residual = x.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    tokens = module.norm(residual)
    q = module.query(tokens)
    k, v = module.key_value(tokens).split(channels, dim=-1)
    m = mask_matrix(module, tokens)
    d = channels // module.num_heads
    heads = []
    for h in range(module.num_heads):
        part = slice(h * d, (h + 1) * d)
        scores = q[..., part] @ k[..., part].transpose(1, 2) / math.sqrt(d) + m[:, h if m.shape[1] > 1 else 0]
        heads.append(torch.softmax(scores, dim=-1) @ v[..., part])
    a = residual + torch.cat(heads, dim=-1) @ module.projection.weight.T + module.projection.bias
    first, _, second = module.ffn
    hidden = module.ffn_norm(a) @ first.weight.T + first.bias
    gelu = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
    out = gelu @ second.weight.T + second.bias + a
    return out.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


@pytest.mark.parametrize('name', CONFIGS)
def test_equals_a_direct_reading_of_the_equations(name):
    module = build(CONFIGS[name])
    x = torch.randn(3, 16, 6, 5, dtype=torch.float64, requires_grad=True)
    expected, got = direct_reading(module, x), module(x)
    torch.testing.assert_close(got, expected, atol=1e-10, rtol=1e-10)
    weights = torch.randn_like(got)
    (expected_grad,) = torch.autograd.grad((expected * weights).sum(), x)
    (grad,) = torch.autograd.grad((got * weights).sum(), x)
    torch.testing.assert_close(grad, expected_grad, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize('name', ['gate', 'topk', 'dense'])
def test_parameters_of_the_mask_get_the_gradients_of_the_equation(name):
    module = build(CONFIGS[name])
    x = torch.randn(2, 16, 6, 5, dtype=torch.float64)
    parameters = list(module.mask.parameters())
    expected = torch.autograd.grad(direct_reading(module, x).square().sum(), parameters)
    got = torch.autograd.grad(module(x).square().sum(), parameters)
    for a, b in zip(got, expected):
        assert b.abs().sum() > 0
        torch.testing.assert_close(a, b, atol=1e-8, rtol=1e-8)


def test_topk_equals_the_dense_computation_with_minus_infinity():
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 4, 30, 8, dtype=torch.float64) for _ in range(3))
    scores = torch.randn(2, 30, dtype=torch.float64)
    best = scores.topk(9, dim=1)
    keep = best.indices[:, None, :, None].expand(-1, 4, -1, 8)
    terms = MaskTerms(best.indices, torch.nn.functional.logsigmoid(best.values))
    sparse = masked_attention(q, k.gather(2, keep), v.gather(2, keep), terms)
    mask = torch.full((2, 30), -math.inf, dtype=torch.float64)
    mask.scatter_(1, best.indices, torch.log(torch.sigmoid(best.values)))
    dense = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(8) + mask[:, None, None], dim=-1) @ v
    torch.testing.assert_close(sparse, dense, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize('width', [17, 20, 24])
def test_zeros_up_to_a_width_change_nothing(width):
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, n, 16, dtype=torch.float64, requires_grad=True) for n in (9, 5, 5))
    bias = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    wide = carry_bias(q, k, v, bias, width)
    assert {one.shape[-1] for one in wide} == {width}
    found = torch.nn.functional.scaled_dot_product_attention(*wide, scale=1 / 4)[..., :16]
    expected = torch.softmax(q @ k.transpose(-1, -2) / 4 + bias[:, None, None], dim=-1) @ v
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12)
    weights = torch.randn_like(expected)
    for a, b in zip(*(torch.autograd.grad((one * weights).sum(), (q, k, v, bias)) for one in (found, expected))):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=1e-12)


def test_a_bias_as_attn_mask_is_what_a_carried_one_is():
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, n, 16) for n in (9, 5, 5))
    bias = torch.randn(2, 5)
    carried = masked_attention(q, k, v, MaskTerms(key_bias=bias.clone().requires_grad_()))
    torch.testing.assert_close(masked_attention(q, k, v, MaskTerms(key_bias=bias)), carried, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(('channels', 'width'), [(16, 24), (32, 40), (64, 72), (36, 40), (26, 32)])
@pytest.mark.parametrize('device', ['cuda', 'cpu', 'meta'])
def test_heads_reach_the_kernel_in_a_width_that_it_takes(channels, width, device, monkeypatch):
    """The meta device stands for CUDA, as it computes shapes alone; costs counted on it are those of the CPU."""
    real, seen = torch.nn.functional.scaled_dot_product_attention, []

    def kernel(*heads, **options):
        seen.extend(one.shape[-1] for one in heads)
        return real(*heads, **options)

    monkeypatch.setattr('torch.nn.functional.scaled_dot_product_attention', kernel)
    if device == 'cuda':
        wanted = carried_width(channels, torch.device('cuda'))
        monkeypatch.setattr('mmmaskattn.models.layers.mask_attention.carried_width', lambda *_: wanted)
    place = 'cpu' if device == 'cpu' else 'meta'
    heads = [torch.zeros(1, 2, n, channels, device=place) for n in (9, 5, 5)]
    bias = torch.zeros(1, 5, device=place, requires_grad=True)
    assert masked_attention(*heads, MaskTerms(key_bias=bias)).shape == (1, 2, 9, channels)
    assert masked_attention(*heads, MaskTerms()).shape == (1, 2, 9, channels)
    assert seen == [width if device == 'cuda' else channels + 1] * 3 + [channels] * 3


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_topk_scores_in_full_precision_under_autocast(dtype):
    """In half precision most of 256 scores of one image would be ties, and which keys are kept would be chance."""
    module = build(dict(type='topk', k=64), size=(16, 16)).float()
    tokens = torch.randn(2, 256, 16)
    expected = module.mask(tokens, (16, 16))
    with torch.autocast('cpu', dtype):
        found = module.mask(tokens, (16, 16))
        assert module.mask._scores(tokens).unique().numel() == 512
    assert torch.equal(found.keep, expected.keep)
    assert found.key_bias.dtype == torch.float32
    torch.testing.assert_close(found.key_bias, expected.key_bias)


def test_topk_never_projects_the_dropped_keys():
    module = build(dict(type='topk', k=7))
    seen = []
    module.key_value.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape))
    module(torch.randn(2, 16, 6, 5, dtype=torch.float64))
    assert seen == [(2, 7, 16)]


def test_scorer_learns_which_keys_to_keep():
    """Only a few marked tokens carry the target; training must bring them under the K kept."""
    torch.manual_seed(0)
    module = MaskAttention(8, (8, 8), mask=dict(type='topk', k=16))
    optimiser = torch.optim.Adam(module.parameters(), 1e-2)
    x = torch.randn(16, 8, 8, 8) * 0.3
    marked = torch.zeros(16, 64, dtype=torch.bool)
    for image, row in enumerate(marked):
        row[torch.randperm(64, generator=torch.Generator().manual_seed(image))[:4]] = True
    x.flatten(2)[:, 0].masked_fill_(marked, 3.0)
    target = torch.randn(16, 1, 1, 1)
    x.flatten(2)[:, 1] = torch.where(marked, target[:, 0, 0], x.flatten(2)[:, 1])

    def kept_share() -> float:
        terms = module.mask(module.norm(x.flatten(2).transpose(1, 2)), (8, 8))
        return marked.gather(1, terms.keep).sum().item() / marked.sum().item()

    before = kept_share()
    for _ in range(150):
        loss = (module(x)[:, 2:3].mean((2, 3), keepdim=True) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert kept_share() > max(before, 0.9)


def test_random_keys_are_fixed_and_follow_the_seed():
    masks = [build(dict(type='random', keep=0.25, seed=seed)).mask for seed in (0, 0, 1)]
    keeps = [mask(torch.randn(2, 30, 16), (6, 5)).keep for mask in masks]
    assert torch.equal(keeps[0], keeps[1])
    assert not torch.equal(keeps[0], keeps[2])
    assert torch.equal(keeps[0][0], keeps[0][1])
    assert len(set(keeps[0][0].tolist())) == 8, 'a quarter of 30, in whole keys'
    assert 'draws' not in masks[0].state_dict()


def test_random_takes_more_tokens_than_it_has_draws():
    mask = build('random').mask
    keep = mask(torch.zeros(1, mask.MAX_TOKENS + 50, 1), (1, mask.MAX_TOKENS + 50)).keep
    assert keep.shape == (1, mask.MAX_TOKENS // 2 + 25)


def test_random_keeps_half_by_default_and_a_share_at_any_size():
    mask = build('random').mask
    assert [mask(torch.zeros(1, n, 1), (1, n)).keep.shape[1] for n in (1024, 64, 3)] == [512, 32, 2]
    assert build(dict(type='random', keep=1)).mask(torch.zeros(1, 64, 1), (8, 8)).keep is None
    assert build(dict(type='random', keep=1e-3)).mask(torch.zeros(1, 64, 1), (8, 8)).keep.shape == (1, 1)


@pytest.mark.parametrize('keep', [0, -0.5, 1.5, True, 'half'])
def test_bad_keep_is_refused(keep):
    with pytest.raises(ValueError, match='keep of the random mask is'):
        MaskAttention(16, (4, 4), mask=dict(type='random', keep=keep))


@pytest.mark.parametrize('size', [(12, 10), (3, 4), (5, 6)])
def test_dense_accepts_another_resolution(size):
    module = build('dense')
    assert module(torch.randn(1, 16, *size, dtype=torch.float64)).shape == (1, 16, *size)


def test_dense_resized_is_the_bilinear_resize_over_queries_and_keys():
    module = build('dense')
    bias = module.mask(torch.zeros(1, 120, 16), (12, 10)).pair_bias[0]
    maps = module.mask.bias[0].reshape(6, 5, 6, 5)
    # One query of the finer map in the middle of two coarse ones, by hand: centres at 1/4 and 3/4.
    rows = [(2, 0.25), (3, 0.75)]
    columns = [(1, 0.75), (2, 0.25)]
    query = (6, 3)
    expected = sum(wr * wc * maps[r, c] for r, wr in rows for c, wc in columns)
    expected = torch.nn.functional.interpolate(expected[None, None], size=(12, 10), mode='bilinear')[0, 0]
    torch.testing.assert_close(bias[query[0] * 10 + query[1]].reshape(12, 10), expected, atol=1e-10, rtol=1e-10)


def test_checkpointing_gives_the_same_gradients():
    x = torch.randn(2, 16, 6, 5, dtype=torch.float64, requires_grad=True)
    grads = []
    for with_cp in (False, True):
        module = build('topk', with_cp=with_cp)
        module(x).square().sum().backward()
        grads.append([p.grad for p in module.parameters()])
    for a, b in zip(*grads):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize('batch', [1, 2])
def test_what_follows_a_map_in_channels_last_stays_in_it(batch):
    maps = torch.rand(batch, 16, 6, 4, dtype=torch.float64).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        pooled = torch.nn.functional.max_pool2d(build('gate', (6, 4))(maps), 2)
    assert pooled.is_contiguous(memory_format=torch.channels_last)


def test_unknown_mask_is_refused_by_name():
    with pytest.raises(ValueError, match=r"mask type 'topp' is unknown.*`mask` takes one of none, dense, gate, topk"):
        MaskAttention(16, (4, 4), mask='topp')


def test_unknown_option_of_a_mask_is_refused():
    with pytest.raises(ValueError, match=r"mask 'topk' does not take the options \['keys'\]"):
        MaskAttention(16, (4, 4), mask=dict(type='topk', keys=3))


@pytest.mark.parametrize('k', [0, -1, 2.5])
def test_bad_k_is_refused(k):
    with pytest.raises(ValueError, match='k of the topk mask is'):
        MaskAttention(16, (4, 4), mask=dict(type='topk', k=k))


def test_heads_must_divide_the_channels():
    with pytest.raises(ValueError, match='num_heads=4 does not divide the 18 channels'):
        MaskAttention(18, (4, 4))
