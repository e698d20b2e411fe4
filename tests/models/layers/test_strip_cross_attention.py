"""Strip cross-attention against independent formulas, and its options."""

from __future__ import annotations

import pytest
import torch
from model_contract import seeded
from torch import nn

from mmmaskattn.analysis import count_complexity
from mmmaskattn.models.layers import StripCrossAttention

CHANNELS, MEMORY, HEADS, TOKENS, KEYS = 24, 40, 4, 30, 12


@pytest.fixture
def tokens():
    return torch.randn(2, TOKENS, CHANNELS, generator=seeded(1))


@pytest.fixture
def memory():
    return torch.randn(2, KEYS, MEMORY, generator=seeded(2))


def build(**options) -> StripCrossAttention:
    torch.manual_seed(0)
    return StripCrossAttention(CHANNELS, MEMORY, HEADS, **options)


@pytest.mark.parametrize('options', [dict(strip_dim=None), dict(strip_dim=CHANNELS // HEADS)])
def test_full_width_is_vanilla_cross_attention(options, tokens, memory):
    ours = build(**options)
    torchs = nn.MultiheadAttention(CHANNELS, HEADS, kdim=MEMORY, vdim=MEMORY, batch_first=True)
    with torch.no_grad():
        torchs.q_proj_weight.copy_(ours.query.weight)
        torchs.k_proj_weight.copy_(ours.key.weight)
        torchs.v_proj_weight.copy_(ours.value.weight)
        torchs.in_proj_bias.zero_()[:CHANNELS].copy_(ours.query.bias)
        torchs.out_proj.load_state_dict(ours.projection.state_dict())
    torch.testing.assert_close(ours(tokens, memory), torchs(tokens, memory, memory)[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(('scale', 'factor'), [('strip', 1.0), ('head', (CHANNELS / HEADS) ** -0.5), (2.5, 2.5)])
def test_a_strips_logits_are_an_outer_product(scale, factor, tokens, memory):
    module = build(scale=scale)
    query, key = module.query(tokens), module.key(memory)
    assert query.shape[-1] == key.shape[-1] == HEADS
    value = module.value(memory).unflatten(-1, (HEADS, -1))
    attended = []
    for head in range(HEADS):
        logits = torch.stack([torch.outer(q, k) for q, k in zip(query[..., head], key[..., head])])
        attended.append((factor * logits).softmax(-1) @ value[:, :, head])
    expected = module.projection(torch.cat(attended, dim=-1))
    torch.testing.assert_close(module(tokens, memory), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('strip_dim', [2, 5])
def test_widths_between_are_scaled_by_their_own(strip_dim, tokens, memory):
    module = build(strip_dim=strip_dim)
    query, key, value = (
        part.unflatten(-1, (HEADS, -1)) for part in (module.query(tokens), module.key(memory), module.value(memory))
    )
    weights = (torch.einsum('bnhd,bkhd->bhnk', query, key) / strip_dim**0.5).softmax(-1)
    expected = module.projection(torch.einsum('bhnk,bkhd->bnhd', weights, value).flatten(2))
    torch.testing.assert_close(module(tokens, memory), expected, atol=1e-5, rtol=1e-5)


def test_a_bias_on_keys_or_values_would_add_nothing(tokens, memory):
    """Softmax cancels the one, and the projection's bias takes the other in."""
    module = build()
    before = module(tokens, memory)
    shift = torch.randn(CHANNELS, generator=seeded(3))
    with torch.no_grad():
        module.key.bias = nn.Parameter(torch.randn(HEADS, generator=seeded(4)))
        torch.testing.assert_close(module(tokens, memory), before, atol=1e-5, rtol=1e-5)
        module.value.bias = nn.Parameter(shift)
        moved = module(tokens, memory)
    torch.testing.assert_close(moved, before + module.projection.weight @ shift, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(('strip_dim', 'width'), [(1, 1), (3, 3), (None, CHANNELS // HEADS)])
def test_macs_by_hand(strip_dim, width, tokens, memory):
    result = count_complexity(build(strip_dim=strip_dim), (tokens[:1], memory[:1]))
    linear = TOKENS * CHANNELS * (HEADS * width + CHANNELS) + KEYS * MEMORY * (HEADS * width + CHANNELS)
    assert result.macs == linear + TOKENS * KEYS * (HEADS * width + CHANNELS)
    assert result.uncounted == {}


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_heads=5), 'num_heads=5 does not divide the 24 channels'),
        (dict(num_heads=0), 'num_heads=0 does not divide'),
        (dict(strip_dim=7), r'strip_dim is 7; expected 1 to 6 \(channels / num_heads = 24 / 4\) or None'),
        (dict(strip_dim=0), 'strip_dim is 0; expected 1 to 6'),
        (dict(scale='key'), "scale 'key' is unknown; expected one of strip, head, or a number"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        StripCrossAttention(CHANNELS, MEMORY, **options)
