"""Small ONNX files with the inputs, outputs and metadata of exported models, made without a network or torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import parser

SIZE = (32, 32)
CLASSES = {
    'semantic': ['ground', 'red', 'green', 'blue'],
    'instance': ['cell', 'dirt'],
    'panoptic': ['cell', 'dirt', 'ground'],
}
SCORES = (0.9, 0.2, 0.5, 0.9)
"""Of the objects of the four quarters, from left to right and from top to bottom."""
OF_QUARTERS = (0, 0, 1, 0)
CLASS_SCORES = ((0.9, 0.4), (0.2, 0.1), (0.0, 0.5), (0.9, 0.0))
START = """
    channels = Cast<to = 1>({pictures})
    maps_size = Concat<axis = 0>(one, three, network_size)
    small = Resize<mode = "linear", antialias = 1>(channels, , , maps_size)
"""
SEMANTIC = """
    shifted = Sub(small, threshold)
    ground = Constant<value = float[1,1,1,1] {{0.0}}>()
    ground_map = Expand(ground, ground_size)
    logits = Concat<axis = 1>(ground_map, shifted)
    large_size = Concat<axis = 0>(one, four, output_size)
    large = Resize<mode = "linear">(logits, , , large_size)
    found = ArgMax<axis = 1, keepdims = 0>(large)
    labels = Cast<to = 6>(found)
"""
OBJECTS = """
    brightness = ReduceMean<keepdims = 1>(small, axis_one)
    shares = Div(brightness, white)
    soft = Mul(shares, quarters)
    large_size = Concat<axis = 0>(one, four, output_size)
    large = Resize<mode = "linear">(soft, , , large_size)
    greatest = ReduceMax<keepdims = 0>(large, axis_one)
    first = ArgMax<axis = 1, keepdims = 0>(large)
    inside = Greater(greatest, half)
    with_batch = Where(inside, first, minus_one)
    owner_map = Squeeze(with_batch, axis_zero)
    owners = Cast<to = 6>(owner_map)
    classes = Identity(of_quarters)
    scores = Identity(of_scores)
    class_scores = Identity(of_class_scores)
"""
LABELS = """
    placed = Max(owner_map, zero)
    of_owner = Gather(of_quarters, placed)
    painted = Squeeze(inside, axis_zero)
    labels = Where(painted, of_owner, ground_label)
"""
ATTENTION = """
    of_pixels = ReduceMean<keepdims = 1>(small, axis_one)
    of_white = Div(of_pixels, white)
    kept = Clip(of_white, nothing, unit)
    left_out = Sub(unit, kept)
    attention = Concat<axis = 1>(kept, left_out)
"""
MAP = 'int32[h, w] {}'
OBJECT_ENDS = f'{MAP.format("owners")}, int32[k] classes, float[k] scores, float[k, t] class_scores'
ENDS = {
    'semantic': 'int32[n, h, w] labels',
    'instance': OBJECT_ENDS,
    'panoptic': f'{MAP.format("labels")}, {OBJECT_ENDS}',
}


ATTENTION_NAMES = ['1: encoder 32x32', '2: decoder 32x32']
"""Of the two maps of a file with attention: what is bright, and what is dark."""


def constants() -> dict[str, np.ndarray]:
    """What the graphs take for granted."""
    quarters = np.zeros((1, 4, *SIZE), np.float32)
    for k in range(4):
        top, left = k // 2 * SIZE[0] // 2, k % 2 * SIZE[1] // 2
        quarters[0, k, top : top + SIZE[0] // 2, left : left + SIZE[1] // 2] = 1
    whole = dict(
        one=[1], three=[3], four=[4], network_size=SIZE, ground_size=[1, 1, *SIZE], axis_one=[1], axis_zero=[0]
    )
    found = {name: np.array(value, np.int64) for name, value in whole.items()}
    found.update(zero=np.int64(0), minus_one=np.int64(-1), ground_label=np.int32(2), quarters=quarters)
    found.update(
        nothing=np.float32(0),
        unit=np.float32(1),
        threshold=np.float32(128),
        white=np.float32(255),
        half=np.float32(0.5),
    )
    found.update(of_quarters=np.array(OF_QUARTERS, np.int32), of_scores=np.array(SCORES, np.float32))
    found.update(of_class_scores=np.array(CLASS_SCORES, np.float32))
    return found


def metadata(task: str, /, **changes: Any) -> dict[str, Any]:
    """The metadata that an export writes."""
    count = len(CLASSES[task])
    content = dict(
        format=1,
        name=f'drawn_{task}',
        task=task,
        classes=CLASSES[task],
        palette=[[40 * k, 200 - 40 * k, 90] for k in range(count)],
        things=[] if task == 'semantic' else [0, 1],
        size=list(SIZE),
        layout='nhwc',
        thresholds=dict(score=0.3, instances=100),
        mean=[0, 0, 0],
        std=[1, 1, 1],
        licence='CC0',
        source=dict(config='drawn', sha256='0' * 64),
        versions=dict(mmmaskattn='0'),
    )
    return {**content, **changes}


def make_model(task: str, layout: str = 'nhwc', text: str | None = None, attention: bool = False) -> onnx.ModelProto:
    """A model of a task: semantic pixels take their strongest colour; objects are what is bright in each quarter.

    Args:
        task: Which.
        layout: Of its input.
        text: Metadata; those of `metadata` by default.
        attention: Whether it says what its attention keeps.
    """
    axes = 'n, height, width, 3' if layout == 'nhwc' else 'n, 3, height, width'
    body = START + (SEMANTIC if task == 'semantic' else OBJECTS) + (LABELS if task == 'panoptic' else '')
    body += ATTENTION if attention else ''
    ends = ENDS[task] + (', float[n, m, a, b] attention' if attention else '')
    turned = 'Transpose<perm = [0, 3, 1, 2]>(pictures)' if layout == 'nhwc' else 'Identity(pictures)'
    graph = f'drawn (uint8[{axes}] pictures, int64[two] output_size) => ({ends}) {{ turned = {turned}'
    graph += body.format(pictures='turned') + '}'
    graph = graph.replace('int64[two]', 'int64[2]')
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> {graph}')
    known = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(value, name) for name, value in constants().items() if name in known
    )
    entry = model.metadata_props.add()
    entry.key, entry.value = 'mmmaskattn', json.dumps(metadata(task, layout=layout)) if text is None else text
    return model


def write_model(path: Path, task: str, /, **changes: Any) -> Path:
    """Write a model, with changes to its metadata."""
    layout = 'nchw' if changes.get('layout') == 'nchw' else 'nhwc'
    text = json.dumps(metadata(task, **changes))
    onnx.save(make_model(task, layout, text, attention='attention' in changes), path)
    return path
