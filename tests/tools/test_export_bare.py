"""tools/deploy/export_bare.py writes the network alone of a config of mmdet, which is not exported otherwise."""

from __future__ import annotations

import onnx
import pytest
from random_checkpoint import ROOT
from tool_calls import call_tool

CONFIG = ROOT / 'configs/peers/rtmdet_ins_tiny/dsb2018_instance_128.py'


@pytest.mark.slow
@pytest.mark.long
def test_the_network_of_a_detector_of_mmdet(tmp_path):
    done = call_tool('deploy/export_bare.py', CONFIG, '--out', tmp_path / 'rtmdet.onnx')
    assert done.returncode == 0, done.stderr
    assert 'takes (1, 3, 128, 128)' in done.stdout
    assert 'its outputs differ from PyTorch by at most' in done.stdout
    (images,) = onnx.load(tmp_path / 'rtmdet.onnx').graph.input
    assert [axis.dim_value for axis in images.type.tensor_type.shape.dim] == [1, 3, 128, 128]


def test_another_ending_is_refused(tmp_path):
    done = call_tool('deploy/export_bare.py', CONFIG, '--out', tmp_path / 'rtmdet.pt')
    assert done.returncode == 2
    assert 'expected a name that ends in .onnx' in done.stderr
