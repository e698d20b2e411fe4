"""The order of decoding, what each stage's memory holds, the key grid, and pyramids of many shapes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from model_contract import seeded

from mmmaskattn.models.layers import CrossLayerDecoder

CHANNELS = (8, 12, 16, 20)


def pyramid(channels=CHANNELS, size=(32, 24), batch=2):
    sizes = [(-(-size[0] // 2**level), -(-size[1] // 2**level)) for level in range(len(channels))]
    return [torch.randn(batch, c, *s, generator=seeded(level)) for level, (c, s) in enumerate(zip(channels, sizes))]


def build(channels=CHANNELS, **options) -> CrossLayerDecoder:
    torch.manual_seed(0)
    return CrossLayerDecoder(channels, **options).eval()


@pytest.mark.parametrize('key_reduction', [1, 4, 8])
def test_memory_is_the_blend_of_encoder_and_decoder_stages_from_the_deepest_on(key_reduction):
    decoder = build(key_reduction=key_reduction)
    seen = []
    for stage, block in enumerate(decoder.blocks):
        block.register_forward_hook(lambda _, args, out, stage=stage: seen.append((stage, *args, out)))
    encoded = pyramid()
    grid = (-(-32 // key_reduction), -(-24 // key_reduction))
    maps = decoder(encoded)
    assert [stage for stage, *_ in seen] == [3, 2, 1, 0]
    sources = list(encoded)
    for stage, query, memory, out in seen:
        assert torch.equal(query, encoded[stage])
        assert torch.equal(out, maps[stage])
        blend = [conv(F.adaptive_avg_pool2d(s, grid)) for conv, s in zip(decoder.blends[stage].convs, sources)]
        torch.testing.assert_close(memory, torch.cat(blend, dim=1))
        sources[stage] = out


def test_each_stage_has_its_own_convolution_for_each_level_that_is_pooled():
    decoder = build(key_reduction=4)
    weights = set()
    for blend in decoder.blends:
        assert [bool(list(conv.parameters())) for conv in blend.convs] == [True, True, False, False]
        weights |= {id(conv.weight) for conv in blend.convs[:2]}
    assert len(weights) == 8


@pytest.mark.parametrize('changed', range(4))
def test_every_source_reaches_every_stage(changed):
    """The finest encoder map changes what the deepest stage decodes, and so on for all."""
    decoder, before = build(), pyramid()
    after = [x + torch.randn(x.shape, generator=seeded(9)) * (level == changed) for level, x in enumerate(before)]
    with torch.no_grad():
        for a, b in zip(decoder(before), decoder(after)):
            assert not torch.allclose(a, b, atol=1e-4)


def test_a_stage_decodes_without_the_finer_decoded_ones():
    decoder = build()
    with torch.no_grad():
        before = decoder(pyramid())
        for parameter in decoder.blocks[1].parameters():
            parameter.add_(0.1)
        after = decoder(pyramid())
    assert [torch.equal(a, b) for a, b in zip(before, after)] == [False, False, True, True]


@pytest.mark.parametrize(
    ('image', 'grid'), [((128, 128), (8, 8)), ((96, 128), (6, 8)), ((64, 64), (4, 4)), ((64, 48), (4, 3))]
)
def test_keys_lie_at_stride_16_of_a_pyramid_that_begins_at_stride_4(image, grid):
    assert build().key_grid((image[0] // 4, image[1] // 4)) == grid


@pytest.mark.parametrize('size', [(32, 32), (24, 32), (16, 16), (17, 31), (4, 5), (1, 1)])
@pytest.mark.parametrize('channels', [CHANNELS, (8, 16), (64, 256, 512), (4, 8, 12, 16, 20)])
def test_any_size_and_number_of_stages(size, channels):
    inputs = pyramid(channels, size)
    with torch.inference_mode():
        maps = build(channels)(inputs)
    assert [m.shape for m in maps] == [x.shape for x in inputs]
    assert all(torch.isfinite(m).all() for m in maps)


def test_levels_need_not_halve():
    inputs = [torch.randn(1, c, s, s) for c, s in ((8, 32), (16, 16), (24, 16), (32, 16))]
    maps = build((8, 16, 24, 32))(inputs)
    assert [m.shape for m in maps] == [x.shape for x in inputs]


def test_heads_for_each_stage():
    decoder = build(num_heads=(2, 3, 4, 5))
    assert [block.attention.num_heads for block in decoder.blocks] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(channels=(8,)), r'in_channels is \[8\]; expected the channels of at least two maps'),
        (dict(num_heads=(1, 2)), 'num_heads has 2 entries for 4 maps'),
        (dict(num_heads=8), 'num_heads=8 does not divide the 12 channels'),
        (dict(key_reduction=0), 'key_reduction is 0'),
        (dict(perception='deep'), "perception 'deep' is unknown"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_another_number_of_maps_is_refused():
    with pytest.raises(ValueError, match=r'got 3 maps; in_channels \[8, 12, 16, 20\] names 4'):
        build()(pyramid()[:3])
