"""ONNX Runtime runs the network of a real config as eager PyTorch does, or says why not."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

from mmmaskattn.analysis.models import build_seeded_model, random_images, read_config
from mmmaskattn.analysis.timing import onnx_runtime
from mmmaskattn.analysis.timing.latency import inference_call
from mmmaskattn.analysis.timing.onnx_runtime import NotInOnnxRuntimeError, onnx_call

CONFIGS = Path(__file__).parents[3] / 'configs'


def test_a_real_network_gives_the_same_logits_at_the_input_size_and_has_no_batch_norm_left(monkeypatch):
    files = []
    export = onnx_runtime._export
    monkeypatch.setattr(onnx_runtime, '_export', lambda *given: files.append(export(*given)) or files[-1])
    model = build_seeded_model(read_config(CONFIGS / 'maskattn/camvid_semantic_128_tiny.py'))
    images = random_images((64, 48), batch=2)
    call, difference = onnx_call(model, images)
    (logits,) = call()
    assert logits.shape == (2, 11, 64, 48)
    torch.testing.assert_close(torch.from_numpy(logits), inference_call(model, images)(), rtol=0, atol=1e-4)
    assert difference < 1e-5
    assert 'BatchNormalization' not in {node.op_type for node in onnx.load_from_string(files[0]).graph.node}


class Wrong(nn.Module):
    """Its file remembers the trace: in export it is another function."""

    def forward(self, images):
        return images * (2 if torch.compiler.is_exporting() else 3)


class Branching(nn.Module):
    """Data decide its way, which no graph can hold."""

    def forward(self, images):
        return images + 1 if images.sum() > 0 else images


class AllPairs(nn.Module):
    """Every pixel beside every other."""

    def forward(self, images):
        pixels = images.flatten(2)
        return (pixels.transpose(1, 2) @ pixels).softmax(-1).sum(1)


@pytest.mark.parametrize(
    ('model', 'reason'),
    [
        (Wrong(), r'differ from eager PyTorch by 3\.3e-01'),
        (Branching(), 'data-dependent'),
        (AllPairs(), 'a map of it takes 0.1 GiB'),
    ],
)
def test_what_does_not_fit_is_told(model, reason, monkeypatch):
    monkeypatch.setattr(onnx_runtime, 'LARGEST_MAP', 1 << 26)
    with pytest.raises(NotInOnnxRuntimeError, match=reason):
        onnx_call(model, random_images((96, 48)))


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(onnx_runtime, 'PACKAGES', ('onnx', 'no_such_package'))
    with pytest.raises(ModuleNotFoundError, match=r"no_such_package not installed: pip install 'mmmaskattn\[deploy\]'"):
        onnx_runtime.check_onnx_installed()
