"""A model as one ONNX file, which is loaded, run and compared with PyTorch before it is kept."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import torch

from mmmaskattn.apis.deploy.attention import ATTENTION, attention_names, attention_told
from mmmaskattn.apis.deploy.compare import Differences, compare, drawn_pictures
from mmmaskattn.apis.deploy.graph import INPUTS, OUTPUTS, SemanticGraph, graph_of
from mmmaskattn.apis.deploy.metadata import describe, metadata_text, write_metadata
from mmmaskattn.apis.deploy.picture import Layout
from mmmaskattn.apis.deploy.quantise import CALIBRATED, quantise
from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.utils.files import atomic_write
from mmmaskattn_runtime import find_pictures

SUFFIX = '.onnx'
OPSET = 18
EXAMPLE = (150, 170)
"""Size of the picture that the graph is recorded with: no side is the network's, or another one's."""
Dynamic = Literal['size', 'batch']
COMPARED = 12
"""Pictures of a folder that the file is compared on."""


@dataclass(frozen=True)
class Exported:
    """What `export_model` has written.

    Attributes:
        path: The ONNX file.
        beside: The json file with its metadata.
        metadata: What is in it.
        differences: How far the file is from PyTorch.
    """

    path: Path
    beside: Path
    metadata: dict[str, Any]
    differences: Differences

    def lines(self) -> list[str]:
        """What was written, for people."""
        size = f'{self.path.stat().st_size / 1e6:.2f} MB'
        return [
            f'{self.path}: {size}, {self.metadata["task"]}, {self.metadata["precision"]}',
            *self.differences.lines(),
        ]


def export_model(
    inferencer: MaskAttnInferencer,
    out: str | Path,
    pictures: Any = None,
    layout: Layout = 'nhwc',
    dynamic: Dynamic | None = None,
    quantize: Any = None,
    attention: bool = False,
) -> Exported:
    """Write a model as one ONNX file, with all that comes before and after the network, and a json file beside it.

    The file is loaded and run first, on pictures of odd sizes, and compared with PyTorch: one that disagrees is not
    written, and what was there before stays.

    Args:
        inferencer: The model, on the CPU.
        out: ``*.onnx``.
        pictures: What to compare on, as the inferencer takes it; drawn pictures by default.
        layout: Axes of the pictures that it takes, ``'nhwc'`` or ``'nchw'``; uint8, RGB.
        dynamic: ``'batch'``: any number of pictures of one size, which is the default where the model can; ``'size'``:
            one at a time. Pictures may have any size in both.
        quantize: Pictures such as the model will see, as the inferencer takes them: the network becomes int8, and they
            say how large its values are. They are what is compared on, too, if no others are given.
        attention: One output more, ``attention``: what the masks of the attention keep, see `KeptKeys.maps`.

    Returns:
        What was written.

    Raises:
        ValueError: If the model cannot be exported so, or ``out`` has another ending.
        RuntimeError: If the file disagrees with PyTorch, or torch is too old.
    """
    if not hasattr(torch.export.Dim, 'DYNAMIC'):
        raise RuntimeError(f'torch is {torch.__version__}, whose exporter has no open sizes; export takes 2.6 or later')
    target = Path(out).expanduser()
    check_target(target)
    graph = graph_of(inferencer.ready, layout)
    batch = _takes_batches(graph, dynamic)
    metadata = describe(inferencer, layout, batch)
    seen = None if quantize is None else read_examples(quantize, CALIBRATED)
    examples = read_examples(pictures) if seen is None or pictures is not None else seen[:COMPARED]
    model = _recorded(graph, inferencer, metadata, batch, attention)
    content, differences = _proved(model, metadata, inferencer, examples)
    if seen is not None:
        model = quantise(model, seen, inferencer.size, layout)
        metadata['precision'] = 'int8'
        content, differences = _proved(model, metadata, inferencer, examples)
    return keep(content, target, metadata, differences)


def _recorded(
    graph: torch.nn.Module, inferencer: MaskAttnInferencer, metadata: dict[str, Any], batch: bool, attention: bool
) -> onnx.ModelProto:
    """The graph as ONNX, if told so with what the attention keeps, which is said in the metadata then."""
    outputs = OUTPUTS[inferencer.task]
    if not attention:
        return record(graph, outputs, metadata['layout'], batch)
    with attention_told(graph, inferencer.ready.module) as kept:
        metadata[ATTENTION] = attention_names(graph, kept, *example(metadata['layout'], batch))
        return record(graph, (*outputs, ATTENTION), metadata['layout'], batch)


def _proved(
    model: onnx.ModelProto, metadata: dict[str, Any], inferencer: MaskAttnInferencer, examples: list[np.ndarray]
) -> tuple[bytes, Differences]:
    """Content of the file of a model, and how far it is from PyTorch; an error if that is too far."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for node in bare.graph.node:
        del node.metadata_props[:]  # files and lines of the code that was recorded
    write_metadata(bare, metadata)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / f'trial{SUFFIX}'
        onnx.save(bare, trial)
        differences = compare(trial, inferencer, examples)
        differences.check()
        return trial.read_bytes(), differences


def keep(content: bytes, target: Path, metadata: dict[str, Any], differences: Differences) -> Exported:
    """Write a file that is good, and its json."""
    beside = target.with_suffix('.json')
    atomic_write(target, content)
    atomic_write(beside, metadata_text(metadata).encode())
    return Exported(target, beside, metadata, differences)


def check_target(target: Path) -> None:
    """Refuse a name, before minutes are spent.

    Raises:
        ValueError: If it does not end in ``.onnx``, or is no place for a file, or the json beside it is not ours.
    """
    if target.suffix != SUFFIX or '\0' in str(target):
        raise ValueError(
            f'{target}: expected a name that ends in {SUFFIX}, such as nuclei{SUFFIX}'.replace('\0', '\\0')
        )
    above = next(one for one in target.absolute().parents if one.exists() or one.is_symlink())
    if target.is_dir() or not above.is_dir():
        raise ValueError(f'{target}: is a folder, or lies in a file; expected a name for a file')
    try:
        tempfile.TemporaryFile(dir=above).close()  # rights alone do not tell: root has them in a read-only place too
    except OSError as error:
        raise ValueError(
            f'{target}: nothing can be written to {above} ({error.strerror}); name another place'
        ) from None
    beside = target.with_suffix('.json')
    if os.path.lexists(beside) and not _is_ours(beside):
        raise ValueError(
            f'{beside}: is there already and no description of an exported file, which would replace it; '
            'move it away, or give --out another name'
        )


def _is_ours(beside: Path) -> bool:
    """Whether a file is a json that an earlier export has written."""
    try:
        content = json.loads(beside.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {'format', 'task', 'classes', 'source'} <= content.keys()


def _takes_batches(graph: torch.nn.Module, dynamic: str | None) -> bool:
    if dynamic not in (None, 'size', 'batch'):
        raise ValueError(f'dynamic={dynamic!r}: expected size or batch')
    able = isinstance(graph, SemanticGraph)
    if dynamic == 'batch' and not able:
        raise ValueError(
            'dynamic batch: each picture has a number of objects of its own, which one graph cannot have for several '
            'pictures at a time; leave it out, and give the file one picture after another'
        )
    return able and dynamic != 'size'


def read_examples(pictures: Any, most: int = COMPARED) -> list[np.ndarray]:
    """Read pictures to compare on, RGB; drawn ones if none are given.

    Raises:
        PictureError: If one cannot be read, or there are none.
    """
    if pictures is None:
        return drawn_pictures()
    found: Iterable[Any] = find_pictures(pictures)
    return [source.read() for source, _ in zip(found, range(most))]


def record(graph: torch.nn.Module, outputs: tuple[str, ...], layout: Layout, batch: bool) -> onnx.ModelProto:
    """Record a graph as ONNX, with names for what goes in and comes out and nothing about this machine.

    Args:
        graph: The graph.
        outputs: Names of its outputs.
        layout: Axes of the pictures.
        batch: Whether the number of pictures is left open.
    """
    rows = 1 if layout == 'nhwc' else 2
    free = torch.export.Dim.DYNAMIC
    axes = {rows: free, rows + 1: free, **({0: free} if batch else {})}
    with _in_silence(), torch.no_grad():
        program = torch.onnx.export(
            graph,
            example(layout, batch),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(INPUTS),
            output_names=list(outputs),
            dynamic_shapes=(axes, None),
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _name_axes(model, layout)
    return model


def example(layout: Layout, batch: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The inputs that a graph is recorded with: noise, and its size."""
    height, width = EXAMPLE
    noise = torch.randint(0, 256, (2 if batch else 1, height, width, 3), generator=torch.Generator().manual_seed(0))
    pictures = noise.byte() if layout == 'nhwc' else noise.byte().permute(0, 3, 1, 2).contiguous()
    return pictures, torch.tensor(EXAMPLE)


@contextlib.contextmanager
def _in_silence() -> Any:
    """The exporter prints whole graphs, and warns of packages that no model of ours needs."""
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
