"""float16 that overflows makes no NaN: norms, softmax, unit embeddings, and whole models with weights x100."""

from __future__ import annotations

import pytest
import torch
from drawn_truth import special
from torch import Tensor, nn

from mmmaskattn.models.backbones import LRFormer, MaskAttnUNet
from mmmaskattn.models.dense_heads import ContrastiveInstanceHead, OffsetVotingHead
from mmmaskattn.models.layers import LayerNorm2d, MaskTerms, masked_attention
from mmmaskattn.models.layers.norms import CrossProcessBatchNorm2d, TokenNorm
from mmmaskattn.models.layers.strip_cross_attention import StripCrossAttention
from mmmaskattn.models.losses import InstanceContrastiveLoss
from mmmaskattn.models.necks import MaskAttnDecoder, StripCrossAttentionNeck
from mmmaskattn.models.precision import saturated

INF = torch.inf


def extreme(*shape: int, seed: int = 0) -> Tensor:
    """float16 of all sizes: tiny, large, infinite."""
    values = torch.tensor([0.0, 1.0, -1e-7, 6e4, -6e4, INF, -INF]).half()
    return values[torch.randint(len(values), shape, generator=torch.Generator().manual_seed(seed))]


def test_infinities_of_float16_come_back_and_nothing_else_changes():
    given = torch.tensor([INF, -INF, 6e4, 3e4, -1.0, torch.nan])
    assert saturated(given) is given
    narrow = saturated(given.half())
    assert narrow.dtype == torch.float16
    assert narrow[:5].tolist() == [32752, -32752, 32752, 30000, -1]
    assert narrow[5].isnan(), 'a NaN has to be seen'
    with torch.autocast('cpu', torch.bfloat16):
        assert saturated(given) is given
    with torch.autocast('cpu', torch.float16):
        assert saturated(given)[0] == 32752, 'the next layer will cast it'


@pytest.mark.parametrize('training', [True, False])
def test_norms(training):
    for norm, x in (
        (TokenNorm(8), extreme(2, 30, 8)),
        (LayerNorm2d(8), extreme(2, 8, 5, 6)),
        (CrossProcessBatchNorm2d(8), extreme(2, 8, 5, 6)),
    ):
        x.requires_grad_()
        out = norm.train(training)(x)
        assert out.isfinite().all(), type(norm)
        out.float().square().mean().backward()
        assert not x.grad.isnan().any(), type(norm)
        assert all(value.isfinite().all() for value in norm.state_dict().values()), 'running statistics too'


TERMS = {
    'none': MaskTerms(),
    'gate': MaskTerms(key_bias=torch.tensor([[0.0, -1e9, 5e4, -INF, -1.0, 1e9]])),
    'dense': MaskTerms(pair_bias=torch.linspace(-1e9, 1e9, 36).view(1, 6, 6)),
}


@pytest.mark.parametrize('name', TERMS)
def test_softmax_of_attention(name):
    heads = [extreme(1, 2, 6, 8, seed=seed) for seed in range(3)]
    assert masked_attention(*heads, TERMS[name]).isfinite().all()


def test_strip_cross_attention():
    torch.manual_seed(0)
    attention = StripCrossAttention(8, 12)
    for parameter in attention.parameters():
        parameter.data.mul_(1e4)
    with torch.autocast('cpu', torch.float16):
        assert attention(torch.randn(2, 30, 8) * 100, torch.randn(2, 7, 12) * 100).isfinite().all()


@pytest.mark.parametrize('options', [{}, dict(position_code=False)], ids=['code', 'plain'])
@pytest.mark.parametrize('scale', [1e-9, 1e3, 1e5])
def test_unit_embeddings(options, scale):
    """From raw channels under float16's range to those beyond it."""
    torch.manual_seed(0)
    head = ContrastiveInstanceHead(1, 1, 8, **options)
    head.embedding_branch.out.weight.data.mul_(scale)
    head.embedding_branch.out.bias.data.mul_(scale)
    x = torch.randn(1, 8, 32, 32, requires_grad=True)
    with torch.autocast('cpu', torch.float16):
        embeddings = head([x], (32, 32)).pixels
    assert embeddings.dtype == torch.float32
    assert embeddings.isfinite().all()
    if scale > 1:
        torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(1, 32, 32), atol=1e-4, rtol=1e-4)


def test_contrastive_loss_of_float16_embeddings():
    ids = torch.arange(36).view(1, 6, 6) // 9
    for embeddings in (torch.zeros(1, 4, 6, 6).half(), extreme(1, 4, 6, 6), torch.full((1, 4, 6, 6), 6e-8).half()):
        embeddings.requires_grad_()
        loss = InstanceContrastiveLoss()(embeddings, ids).loss
        loss.backward()
        assert loss.isfinite()
        assert not embeddings.grad.isnan().any()


WIDTHS = (8, 8, 16, 16)
MODELS = {
    'gate': lambda: (
        MaskAttnUNet('tiny', channels=WIDTHS, num_convs=[1] * 4, attention_masks='gate'),
        MaskAttnDecoder(WIDTHS, 'tiny', channels=WIDTHS[:3], num_convs=[1] * 3, attention_masks=dict(type='topk', k=9)),
        ContrastiveInstanceHead(1, 1, 8, upsample=2, class_warmup=0),
    ),
    'votes': lambda: (
        MaskAttnUNet('tiny', channels=WIDTHS, num_convs=[1] * 4, attention_masks='gate', attention='low_resolution'),
        MaskAttnDecoder(WIDTHS, 'tiny', channels=WIDTHS[:3], num_convs=[1] * 3, attention_masks='none'),
        OffsetVotingHead(1, 1, 8, upsample=2),
    ),
    'lrformer': lambda: (
        LRFormer('T', embed_dims=WIDTHS, depths=(1, 1, 1, 1), num_heads=(2, 2, 2, 2)),
        StripCrossAttentionNeck(WIDTHS, fused_channels=8),
        ContrastiveInstanceHead(1, 1, 8, upsample=4, mode='paper', position_code=False),
    ),
}


@pytest.mark.parametrize('factor', [1, 100])
@pytest.mark.parametrize('name', MODELS)
def test_whole_models_with_weights_and_images_x100(name, factor):
    """Gradients are not looked at: where they overflow, loss scaling skips the step."""
    torch.manual_seed(0)
    model = nn.ModuleList(MODELS[name]()).train()
    for parameter in model.parameters():
        parameter.data.mul_(factor)
    backbone, neck, head = model
    for image in (torch.randn(2, 3, 32, 32), 100 * torch.randn(2, 3, 32, 32), torch.full((2, 3, 32, 32), 1e4)):
        with torch.autocast('cpu', torch.float16):
            losses = head.loss(neck(backbone(image)), [special('blobs'), special('nothing')], (32, 32))
        assert all(value.isfinite() for value in losses.values()), losses
    assert all(value.isfinite().all() for value in model.state_dict().values()), 'running statistics too'
