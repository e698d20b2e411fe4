"""A recorded model with its network in whole numbers of 8 bits; what groups pixels stays in float."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from mmmaskattn.apis.deploy.graph import INPUTS
from mmmaskattn.apis.deploy.picture import Layout

SCOPES = 'pkg.torch.onnx.name_scopes'
NETWORK = ('model.backbone', 'model.neck')
"""Parts whose operators become int8."""
CALIBRATED = 64
"""Pictures of the folder that say how large values become."""


class _Pictures(CalibrationDataReader):
    """Pictures one after the other, as the file takes them.

    Args:
        pictures: RGB, uint8, (H, W, 3).
        size: (H, W) of the maps, which do not matter here.
        layout: Axes of the pictures.
    """

    def __init__(self, pictures: Sequence[np.ndarray], size: Sequence[int], layout: Layout) -> None:
        self.feeds: Iterator[dict[str, np.ndarray]] = (
            dict(zip(INPUTS, (_batch(one, layout), np.array(size, np.int64)))) for one in pictures
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next feed; None at the end."""
        return next(self.feeds, None)


def _batch(picture: np.ndarray, layout: Layout) -> np.ndarray:
    return np.ascontiguousarray(picture[None] if layout == 'nhwc' else picture.transpose(2, 0, 1)[None])


def quantise(
    model: onnx.ModelProto, pictures: Sequence[np.ndarray], size: Sequence[int], layout: Layout
) -> onnx.ModelProto:
    """Make the network of a recorded model int8: static, a scale for each channel of the weights.

    Values are unsigned, since OpenVINO computes something else with signed ones; weights have 7 bits, since processors
    without instructions for int8 add two products of 8 bits in 16, which then overflow. Neither costs accuracy.

    Args:
        model: What `record` gives.
        pictures: RGB, uint8, (H, W, 3), such as the model will see.
        size: (H, W) of the network's input.
        layout: Axes of the pictures that the model takes.

    Returns:
        The model with pairs of QuantizeLinear and DequantizeLinear, which runtimes turn into int8 operators.
    """
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            before, after = Path(folder) / 'float.onnx', Path(folder) / 'int8.onnx'
            onnx.save(model, before)
            quantize_static(
                before,
                after,
                _Pictures(pictures, size, layout),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                reduce_range=True,
                nodes_to_quantize=network_nodes(model),
            )
            return onnx.load(after)
    finally:
        logging.root.setLevel(level)


def network_nodes(model: onnx.ModelProto) -> list[str]:
    """Names of the operators that become int8: those of backbone and neck.

    The first convolution stays in float, which costs next to nothing and is worth more than all else: of 42.8 mIoU on
    clothes it is 1.6. So do the heads, of which one convolution each is left, and what groups pixels.
    """
    first = next((node.name for node in model.graph.node if node.op_type == 'Conv'), None)
    return [node.name for node in model.graph.node if _scope(node).startswith(NETWORK) and node.name != first]


def _scope(node: onnx.NodeProto) -> str:
    """Where in the model an operator comes from."""
    for one in node.metadata_props:
        if one.key == SCOPES:
            names = json.loads(one.value.replace("'", '"'))
            return next((name for name in names if name), '')
    return ''
