"""Graphs recorded by torch: as ONNX, and what every recording needs."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from typing import Any

import numpy as np
import onnx
import torch

from mmmaskattn.apis.deploy.graph import INPUTS
from mmmaskattn.apis.deploy.picture import Layout
from mmmaskattn_runtime.outputs import ATTENTION, SCORE

OPSET = 18
EXAMPLE = (150, 170)
"""Size of the picture that the graph is recorded with: no side is the network's, or another one's."""


def example_of(layout: Layout, batch: bool) -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[Any, None]]:
    """What a graph is recorded with.

    Args:
        layout: Axes of the pictures.
        batch: Whether the number of pictures is left open.

    Returns:
        Its inputs, and which of their axes are open.
    """
    height, width = EXAMPLE
    noise = torch.randint(0, 256, (2 if batch else 1, height, width, 3), generator=torch.Generator().manual_seed(0))
    pictures = noise.byte() if layout == 'nhwc' else noise.byte().permute(0, 3, 1, 2).contiguous()
    rows, free = 1 if layout == 'nhwc' else 2, torch.export.Dim.DYNAMIC
    axes = {rows: free, rows + 1: free, **({0: free} if batch else {})}
    return (pictures, torch.tensor(EXAMPLE)), (axes, None)


def record(
    graph: torch.nn.Module, outputs: tuple[str, ...], layout: Layout, batch: bool, score: float | None = None
) -> onnx.ModelProto:
    """Record a graph as ONNX, with names for what goes in and comes out and nothing about this machine.

    Args:
        graph: The graph.
        outputs: Names of its outputs.
        layout: Axes of the pictures.
        batch: Whether the number of pictures is left open.
        score: Of a third input, which may be left out: its value then; None for a graph without it.
    """
    inputs, shapes = example_of(layout, batch)
    more = () if score is None else (torch.tensor(score),)
    with in_silence(), torch.no_grad():
        program = torch.onnx.export(
            graph,
            (*inputs, *more),
            dynamo=True,
            opset_version=OPSET,
            input_names=[*INPUTS, *(SCORE for _ in more)],
            output_names=list(outputs),
            dynamic_shapes=(*shapes, *(None for _ in more)),
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for value in more:
        model.graph.initializer.append(onnx.numpy_helper.from_array(value.numpy(), SCORE))
    _resize_by_factors(model)
    _name_axes(model, layout)
    return model


@contextlib.contextmanager
def in_silence() -> Any:
    """The exporters print whole graphs, and warn of packages that no model of ours needs."""
    logger = logging.getLogger('torch.onnx')
    level = logger.level
    logger.setLevel(logging.ERROR)
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter('ignore')
        try:
            yield
        finally:
            logger.setLevel(level)


def _resize_by_factors(model: onnx.ModelProto) -> None:
    """Maps that become larger by whole numbers get these, for which runtimes have quicker operators, not sizes."""
    shapes = {
        value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim] for value in model.graph.value_info
    }
    for number, node in enumerate(model.graph.node):
        if node.op_type != 'Resize' or len(node.input) != 4:
            continue
        before, after = (shapes.get(name, ())[2:] for name in (node.input[0], node.output[0]))
        if not before or not all((*before, *after)) or any(new % old for old, new in zip(before, after)):
            continue
        factors = np.array([1, 1, *(new // old for old, new in zip(before, after))], np.float32)
        name = f'factors_{number}'
        model.graph.initializer.append(onnx.numpy_helper.from_array(factors, name))
        del node.input[2:]
        node.input.append(name)
    read = {name for node in model.graph.node for name in node.input}
    kept = [one for one in model.graph.initializer if one.name in read]  # runtimes warn of sizes that nobody reads
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _name_axes(model: onnx.ModelProto, layout: Layout) -> None:
    """Axes get names that say what they are."""
    axes = ('pictures', 'height', 'width', '') if layout == 'nhwc' else ('pictures', '', 'height', 'width')
    maps, objects = ('pictures', 'output_height', 'output_width'), ('objects', 'things')
    named = {'pictures': axes, 'labels': maps, 'owners': maps, ATTENTION: ('pictures', '', '', '')}
    for value in (*model.graph.input, *model.graph.output):
        dimensions = value.type.tensor_type.shape.dim
        names = named.get(value.name, objects)
        names = names[len(names) - len(dimensions) :] if names is maps else names
        for dimension, name in zip(dimensions, names):
            if dimension.dim_param:
                dimension.dim_param = name
    del model.graph.value_info[:]  # their axes have the recorder's names
