"""The head with grouping and scores in ONNX, run without torch."""

from __future__ import annotations

import onnxruntime
import pytest
import torch
from drawn_truth import feature
from long_tests import first_of

from mmmaskattn.models.dense_heads import ContrastiveInstanceHead, OffsetVotingHead
from mmmaskattn.models.dense_heads.segment_head import ClassMaps

SIZE = (32, 32)
OPTIONS = dict(grouping=dict(max_instances=6, seed_threshold=0.0, foreground=0.0))
HEADS = {
    'learned seeds': lambda: ContrastiveInstanceHead(2, 1, 8, **OPTIONS),
    'density seeds': lambda: ContrastiveInstanceHead(2, 1, 8, mode='paper', **OPTIONS),
    'offsets': lambda: OffsetVotingHead(2, 1, 8, **OPTIONS),
}


class Instances(torch.nn.Module):
    """From the feature to valid slots, owners of the pixels and scores."""

    def __init__(self, head):
        super().__init__()
        self.head = head

    def forward(self, x):
        outputs = self.head([x], SIZE)
        groups, scores = self.head.group(x, outputs, ClassMaps.of(outputs.semantic, 2, SIZE))
        return groups.valid, groups.assignment, scores


@pytest.mark.slow
@pytest.mark.parametrize('kind', first_of(HEADS))
@pytest.mark.filterwarnings('ignore')
def test_onnx_gives_the_same_instances(kind, tmp_path):
    torch.manual_seed(0)
    model = Instances(HEADS[kind]()).eval()
    path = tmp_path / 'head.onnx'
    torch.onnx.export(model, (feature(1, seed=1),), str(path), dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    x = feature(1, seed=2)
    valid, owners, scores = (
        torch.from_numpy(one) for one in session.run(None, {session.get_inputs()[0].name: x.numpy()})
    )
    with torch.inference_mode():
        expected = model(x)
    assert expected[0].any()
    assert torch.equal(valid, expected[0])
    assert (owners == expected[1]).float().mean() > 0.999
    torch.testing.assert_close(scores, expected[2], atol=1e-3, rtol=1e-3)
