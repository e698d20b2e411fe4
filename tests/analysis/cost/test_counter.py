"""Every way of writing a product against its closed form; mmcv's real extension watched and left as it was."""

from __future__ import annotations

from contextlib import suppress

import pytest
import torch
import torch.nn.functional as F
from mmcv import _ext
from mmcv.ops import RoIPool, nms
from torch import nn

from mmmaskattn.analysis import count_complexity
from mmmaskattn.analysis.cost.counter import FORMULAS, watch_extension_calls


class Call(nn.Module):
    """A function of tensors as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def macs_of(function, *shapes):
    result = count_complexity(Call(function), tuple(torch.randn(shape) for shape in shapes))
    assert result.uncounted == {}
    return result.macs


@pytest.mark.parametrize(
    ('function', 'shapes', 'expected'),
    [
        (torch.matmul, [(7, 5), (5, 3)], 7 * 5 * 3),
        (torch.matmul, [(2, 7, 5), (2, 5, 3)], 2 * 7 * 5 * 3),
        (torch.matmul, [(2, 4, 7, 5), (2, 4, 5, 3)], 8 * 7 * 5 * 3),
        (torch.matmul, [(2, 7, 5), (5, 3)], 2 * 7 * 5 * 3),
        (torch.matmul, [(1, 7, 5), (4, 5, 3)], 4 * 7 * 5 * 3),
        (torch.matmul, [(7, 5), (5,)], 7 * 5),
        (torch.dot, [(5,), (5,)], 5),
        (torch.addmm, [(3,), (7, 5), (5, 3)], 7 * 5 * 3),
        (torch.baddbmm, [(2, 7, 3), (2, 7, 5), (2, 5, 3)], 2 * 7 * 5 * 3),
        (torch.cdist, [(2, 6, 4), (2, 9, 4)], 2 * 6 * 9 * 4),
        (lambda q, m: torch.einsum('bqc,bchw->bqhw', q, m), [(2, 3, 4), (2, 4, 5, 6)], 2 * 3 * 4 * 5 * 6),
        (lambda a, b: torch.einsum('nhqd,nhkd->nhqk', a, b), [(2, 4, 7, 8), (2, 4, 9, 8)], 2 * 4 * 7 * 9 * 8),
        (F.linear, [(2, 9, 5), (3, 5)], 2 * 9 * 5 * 3),
    ],
)
def test_matrix_products(function, shapes, expected):
    assert macs_of(function, *shapes) == expected


@pytest.mark.parametrize(
    ('layer', 'shape', 'expected'),
    [
        (nn.Conv1d(6, 4, 3), (2, 6, 10), 2 * 4 * 8 * 6 * 3),
        (nn.Conv2d(6, 4, 3, padding=1), (2, 6, 9, 7), 2 * 4 * 9 * 7 * 6 * 9),
        (nn.Conv2d(6, 4, 3, stride=2, padding=1, bias=False), (1, 6, 9, 7), 4 * 5 * 4 * 6 * 9),
        (nn.Conv2d(6, 4, (3, 1), padding=(1, 0), groups=2), (1, 6, 9, 7), 4 * 9 * 7 * 3 * 3),
        (nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=6), (1, 6, 9, 7), 6 * 9 * 7 * 9),
        (nn.ConvTranspose2d(6, 4, 2, stride=2), (1, 6, 9, 7), 6 * 9 * 7 * 4 * 4),
        (nn.ConvTranspose2d(6, 4, 3, stride=2, groups=2), (1, 6, 9, 7), 6 * 9 * 7 * 2 * 9),
        (nn.Conv3d(2, 3, 2), (1, 2, 4, 4, 4), 3 * 27 * 2 * 8),
    ],
)
def test_convolutions(layer, shape, expected):
    result = count_complexity(layer, torch.randn(shape))
    assert result.macs == expected
    assert result.flops == 2 * expected
    assert result.params == result.params_read == sum(p.numel() for p in layer.parameters())


def _attend(mask=None, needs_gradient=False, **options):
    if mask is not None:
        mask = mask.requires_grad_(needs_gradient)
    return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=mask, **options)


@pytest.mark.parametrize('keys', [16, 5])
@pytest.mark.parametrize('width', [8, 12])
@pytest.mark.parametrize('mask_shape', [None, (16, 'keys'), (2, 4, 16, 'keys'), (1, 1, 1, 'keys')])
@pytest.mark.parametrize('needs_gradient', [False, True])
def test_scaled_dot_product_attention(keys, width, mask_shape, needs_gradient):
    """Self and cross attention, values of another width, masks of any shape, on the fast path and off it."""
    mask = None if mask_shape is None else torch.randn([keys if side == 'keys' else side for side in mask_shape])
    macs = macs_of(_attend(mask, needs_gradient), (2, 4, 16, 8), (2, 4, keys, 8), (2, 4, keys, width))
    assert macs == 2 * 4 * 16 * keys * (8 + width)


def test_attention_with_boolean_or_causal_mask_and_three_dimensions():
    full = 4 * 16 * 16 * (8 + 8)
    assert macs_of(_attend(torch.rand(16, 16) > 0.5), (4, 16, 8), (4, 16, 8), (4, 16, 8)) == full
    assert macs_of(_attend(is_causal=True), (1, 4, 16, 8), (1, 4, 16, 8), (1, 4, 16, 8)) == full


def test_attention_with_grouped_queries():
    macs = macs_of(_attend(enable_gqa=True), (2, 4, 16, 8), (2, 2, 10, 8), (2, 2, 10, 8))
    assert macs == 2 * 4 * 16 * 10 * (8 + 8)


def test_attention_kernels_count_the_width_of_the_values():
    """torch sends values of another width past them today; the formula must not depend on that."""
    kernels = [operator for operator in FORMULAS if 'attention' in str(operator)]
    assert kernels
    for kernel in kernels:
        assert FORMULAS[kernel]((2, 4, 16, 8), (2, 4, 5, 8), (2, 4, 5, 12)) == 2 * (2 * 4 * 16 * 5 * (8 + 12))


@pytest.mark.parametrize('need_weights', [False, True])
@pytest.mark.parametrize('keys', [10, 6])
def test_multihead_attention(need_weights, keys):
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    query, key = torch.randn(3, 10, 8), torch.randn(3, keys, 8)
    query = key if keys == 10 else query  # one tensor for all three takes torch's fused path unless it is switched off
    model = Call(lambda q, k: attention(q, k, k, need_weights=need_weights)[0])
    model.attention = attention
    result = count_complexity(model, (query, key))
    projections = 3 * (2 * 10 + 2 * keys) * 8 * 8
    assert result.macs == projections + 3 * 10 * keys * (8 + 8)
    assert result.params_read == sum(p.numel() for p in attention.parameters())
    assert result.uncounted == {}


def test_transformer_layer_is_not_hidden_by_the_fused_path():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    expected = 2 * 5 * (4 * 8 * 8 + 2 * 8 * 16) + 2 * 5 * 5 * (8 + 8)
    assert count_complexity(layer, torch.randn(2, 5, 8)).macs == expected


def test_inference_mode_counts_the_same():
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(2), nn.Linear(36, 5))
    attend = Call(lambda x: F.scaled_dot_product_attention(x, x, torch.einsum('bcn,cd->bdn', x, torch.ones(8, 8))))
    model = nn.Sequential(layers, attend)
    image = torch.randn(1, 3, 8, 8)
    plain = count_complexity(model, image)
    with torch.inference_mode():
        inside = count_complexity(model, image)
    assert plain.macs == inside.macs == 8 * 36 * 27 + 8 * 36 * 5 + 8 * 8 * 5 + 8 * 8 * (5 + 5)
    assert inside.params_read == inside.params
    assert inside.uncounted == {}


def test_work_without_products_counts_for_nothing_and_is_listed():
    layers = nn.Sequential(nn.BatchNorm2d(4), nn.GELU(), nn.MaxPool2d(2), nn.Upsample(scale_factor=2), nn.Softmax(1))
    result = count_complexity(layers, torch.randn(1, 4, 8, 8))
    assert result.macs == 0
    assert result.uncounted == {}
    assert count_complexity(Call(lambda x: x.clone().ge_(0)), torch.randn(2, 2)).uncounted == {}
    assert {'aten::gelu', 'aten::max_pool2d_with_indices', 'aten::_softmax'} <= set(result.ignored)


def test_what_has_no_formula_is_told():
    result = count_complexity(Call(lambda x: torch.fft.fft(torch.linalg.inv(x)).real), torch.eye(3))
    assert result.uncounted == {'aten::_fft_r2c': 1, 'aten::linalg_inv_ex': 1}


BOXES = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 4.1]])


def test_calls_are_routed_and_box_suppression_is_not():
    seen = []

    def on_call(name, args, call):
        seen.append((name, args[0].shape))
        return call()

    with watch_extension_calls(on_call):
        kept = nms(BOXES, torch.tensor([0.9, 0.8]), 0.5)[1]
        with pytest.raises(RuntimeError, match='roi_pool'):  # mmcv has no CPU version; the error passes through
            RoIPool(2)(torch.randn(1, 3, 8, 8), torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]]))
    assert kept.tolist() == [0]
    assert seen == [('roi_pool_forward', (1, 3, 8, 8))]


def test_the_extension_is_put_back_even_after_an_error():
    before = dict(vars(_ext))
    with suppress(KeyError), watch_extension_calls(lambda name, args, call: call()):
        assert _ext.roi_align_forward is not before['roi_align_forward']
        raise KeyError
    assert vars(_ext) == before
