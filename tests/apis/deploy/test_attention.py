"""What attention keeps, as an output of exported files: the factors of the masks, as PyTorch computes them."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from mmengine.config import Config
from random_checkpoint import write_checkpoint

from mmmaskattn.apis import MaskAttnInferencer
from mmmaskattn.apis.deploy import export_model
from mmmaskattn.apis.deploy.attention import kept_keys, kept_shares
from mmmaskattn.models.layers.attention_masks import build_attention_mask
from mmmaskattn.models.layers.mask_attention import MaskAttention
from mmmaskattn_runtime import load

pytestmark = pytest.mark.slow
GATED = 'legend_semantic_128_tiny_gate'


def test_kept_keys_have_their_gate_and_others_nothing():
    tokens = torch.randn(2, 12, 8)
    mask = build_attention_mask(dict(type='topk', k=5), 8, 4, (3, 4))
    scores = torch.nn.functional.linear(tokens, mask.scorer.weight, mask.scorer.bias)[..., 0].sigmoid()
    kept = kept_shares(mask(tokens, (3, 4)), tokens)
    assert ((kept > 0).sum(1) == 5).all()
    assert torch.allclose(kept, torch.where(scores >= scores.topk(5).values[:, -1:], scores, 0.0))
    random = build_attention_mask(dict(type='random', keep=0.5), 8, 4, (3, 4))
    kept = kept_shares(random(tokens, (3, 4)), tokens)
    assert sorted(kept[0].tolist()) == [0] * 6 + [1] * 6


def test_maps_lie_as_the_positions_do_and_coarse_ones_are_repeated():
    model = torch.nn.ModuleDict(dict(backbone=MaskAttention(8, (2, 3), mask='gate'), neck=MaskAttention(8, (4, 6))))
    with kept_keys(model) as kept, torch.no_grad():
        model['backbone'](torch.randn(1, 8, 2, 3))
        model['neck'](torch.randn(1, 8, 4, 6))
        maps = kept.maps()
    assert kept.names() == ['1: encoder 2x3', '2: decoder 4x6']
    assert maps.shape == (1, 2, 4, 6)
    assert torch.equal(maps[:, 0, ::2, ::2].repeat_interleave(2, 1).repeat_interleave(2, 2), maps[:, 0])
    model['neck'](torch.randn(1, 8, 4, 6))
    assert len(kept.found) == 2  # no more is noted


def test_a_model_without_it_is_refused(tmp_path):
    model = write_checkpoint('legend_semantic_128_tiny', tmp_path)
    with pytest.raises(ValueError, match='attention: the model has none whose mask is gate, topk or random'):
        export_model(MaskAttnInferencer(*model, device='cpu'), tmp_path / 'a.onnx', attention=True)
    assert not (tmp_path / 'a.onnx').exists()


@pytest.mark.long
def test_files_say_what_pytorch_keeps(tmp_path):
    """Gates that differ, and the best 20 keys of the finest map."""
    config, checkpoint = write_checkpoint(GATED, tmp_path)
    cfg, content = Config.fromfile(config), torch.load(checkpoint, weights_only=False)
    cfg.model.neck.attention_masks = (None, None, dict(type='topk', k=20), 'gate')
    for name, value in content['state_dict'].items():
        if name.endswith('scorer.weight'):
            value *= 2000  # random networks see little difference between positions
    torch.save(content, checkpoint)
    cfg.dump(tmp_path / 'gated.py')
    inferencer = MaskAttnInferencer(str(tmp_path / 'gated.py'), checkpoint, 'cpu')
    done = export_model(inferencer, tmp_path / 'a.onnx', attention=True)
    assert done.metadata['attention'] == ['1: encoder 4x4', '2: decoder 8x8', '3: decoder 16x16']
    assert done.differences.keys == 6 * 3 * 16 * 16
    assert done.differences.other_keys <= 4  # of the best 20, two that are as good may change places
    pictures = np.random.default_rng(0).integers(0, 256, (2, 70, 90, 3)).astype(np.uint8)
    feeds = dict(pictures=pictures, output_size=np.array([70, 90]))
    (both,) = onnxruntime.InferenceSession(done.path).run(['attention'], feeds)
    assert both.shape == (2, 3, 16, 16)
    assert ((both[:, 2] > 0).sum((1, 2)) == 20).all()
    assert np.ptp(both[0, 0]) > 0.01
    of_runtime = load(done.path).attention(pictures[1][..., ::-1])
    assert np.allclose(of_runtime['3: decoder 16x16'], both[1, 2], atol=1e-5)
