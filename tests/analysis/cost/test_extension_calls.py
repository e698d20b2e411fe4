"""Watching mmcv's real extension, and leaving it as it was."""

from __future__ import annotations

from contextlib import suppress

import pytest
import torch
from mmcv import _ext
from mmcv.ops import RoIPool, nms

from mmmaskattn.analysis.cost.counter import watch_extension_calls

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
