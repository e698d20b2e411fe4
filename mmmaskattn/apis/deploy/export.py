"""A model as one file, which is loaded, run and compared with PyTorch before it is kept."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import torch

from mmmaskattn.apis.deploy import archive
from mmmaskattn.apis.deploy.attention import attention_names, attention_told
from mmmaskattn.apis.deploy.compare import Differences, compare, drawn_pictures
from mmmaskattn.apis.deploy.formats import ONNX, SUFFIXES, files_of, suffix_of
from mmmaskattn.apis.deploy.graph import OUTPUTS, SemanticGraph, graph_of
from mmmaskattn.apis.deploy.metadata import describe, metadata_text, write_metadata
from mmmaskattn.apis.deploy.ncnn_network import check_ncnn, write_ncnn
from mmmaskattn.apis.deploy.picture import Layout
from mmmaskattn.apis.deploy.quantise import CALIBRATED, quantise
from mmmaskattn.apis.deploy.record import example_of, record
from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.utils.files import atomic_write
from mmmaskattn_runtime import find_pictures
from mmmaskattn_runtime.outputs import ATTENTION

Dynamic = Literal['size', 'batch']
COMPARED = 12
"""Pictures of a folder that the file is compared on."""


@dataclass(frozen=True)
class Exported:
    """What `export_model` has written.

    Attributes:
        path: The file.
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
        files = [place for name, place in files_of(self.path).items() if name != 'beside']
        names = f'{self.path}{"".join(f" and {one.name}" for one in files[1:])}'
        size = f'{sum(one.stat().st_size for one in files) / 1e6:.2f} MB'
        return [
            f'{names}: {size}, {self.metadata["task"]}, {self.metadata["precision"]}',
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
    """Write a model as one file, with all that comes before and after the network, and a json file beside it.

    The file is loaded and run first, on pictures of odd sizes, and compared with PyTorch: one that disagrees is not
    written, and what was there before stays.

    Args:
        inferencer: The model, on the CPU.
        out: ``*.onnx``; ``*.pt2``, an archive of ``torch.export``; or ``*.ncnn.param``, the network alone of a semantic
            model, with its weights in ``*.ncnn.bin``.
        pictures: What to compare on, as the inferencer takes it; drawn pictures by default.
        layout: Axes of the pictures that it takes, ``'nhwc'`` or ``'nchw'``; uint8, RGB. ncnn has its own.
        dynamic: ``'batch'``: any number of pictures of one size, which is the default where the model can; ``'size'``:
            one at a time. Pictures may have any size in both.
        quantize: Pictures such as the model will see, as the inferencer takes them: the network becomes int8, and they
            say how large its values are. They are what is compared on, too, if no others are given. ONNX alone.
        attention: One output more, ``attention``: what the masks of the attention keep, see `KeptKeys.maps`. ONNX
            alone.

    Returns:
        What was written.

    Raises:
        ModuleNotFoundError: If a package that writes such a file is missing.
        ValueError: If the model cannot be exported so, or ``out`` has another ending.
        RuntimeError: If the file disagrees with PyTorch, or torch is too old.
    """
    if not hasattr(torch.export.Dim, 'DYNAMIC'):
        raise RuntimeError(f'torch is {torch.__version__}, whose exporter has no open sizes; export takes 2.6 or later')
    target = Path(out).expanduser()
    suffix = check_target(target)
    _check_options(suffix, inferencer.task, dynamic, dict(quantize=quantize, attention=attention or None))
    graph = graph_of(inferencer.ready, layout)
    batch = _takes_batches(graph, dynamic)
    metadata = describe(inferencer, layout, batch)
    seen = None if quantize is None else read_examples(quantize, CALIBRATED)
    examples = read_examples(pictures) if seen is None or pictures is not None else seen[:COMPARED]
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / f'trial{suffix}'
        if suffix == ONNX:
            model = _recorded(graph, inferencer, metadata, attention)
            _write_onnx(model, inferencer, metadata, trial, examples, seen)
        elif suffix == archive.SUFFIX:
            archive.write_archive(graph, layout, batch, metadata, trial)
        else:
            metadata.update(layout='nchw', batch=False)
            write_ncnn(graph, inferencer.size, metadata, trial)
        differences = _proved(trial, inferencer, examples)
        return keep(trial, target, metadata, differences)


def _check_options(suffix: str, task: str, dynamic: str | None, of_onnx: dict[str, Any]) -> None:
    """Refuse what a format cannot have, before minutes are spent."""
    if suffix == ONNX:
        return
    for name, value in of_onnx.items():
        if value is not None:
            raise ValueError(f'{name}: {suffix} has none; expected a name that ends in {ONNX}')
    if suffix == archive.SUFFIX:
        return
    if task != 'semantic':
        raise ValueError(
            f'{suffix}: ncnn has no operators to group pixels to objects, and this task is {task}; give the task '
            f'semantic, or a name that ends in {ONNX}'
        )
    if dynamic is not None:
        raise ValueError(f'dynamic={dynamic!r}: {suffix} takes one picture of the size of the network; leave it out')
    check_ncnn()


def _write_onnx(
    model: onnx.ModelProto,
    inferencer: MaskAttnInferencer,
    metadata: dict[str, Any],
    path: Path,
    examples: list[np.ndarray],
    seen: list[np.ndarray] | None,
) -> None:
    """Write what was recorded in float32; or in int8, for which it must be right in float32."""
    _save(model, metadata, path)
    if seen is not None:
        _proved(path, inferencer, examples)
        model = quantise(model, seen, inferencer.size, metadata['layout'])
        metadata['precision'] = 'int8'
        _save(model, metadata, path)


def _recorded(graph: Any, inferencer: MaskAttnInferencer, metadata: dict[str, Any], attention: bool) -> onnx.ModelProto:
    """The graph as ONNX, if told so with what the attention keeps, which is said in the metadata then."""
    outputs, layout, batch = OUTPUTS[inferencer.task], metadata['layout'], metadata['batch']
    score = graph.fusion.score_threshold if inferencer.task == 'panoptic' else None
    if not attention:
        return record(graph, outputs, layout, batch, score)
    with attention_told(graph, inferencer.ready.module) as kept:
        metadata[ATTENTION] = attention_names(graph, kept, *example_of(layout, batch)[0])
        return record(graph, (*outputs, ATTENTION), layout, batch, score)


def _save(model: onnx.ModelProto, metadata: dict[str, Any], path: Path) -> None:
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for node in bare.graph.node:
        del node.metadata_props[:]  # files and lines of the code that was recorded
    write_metadata(bare, metadata)
    onnx.save(bare, path)


def _proved(path: Path, inferencer: MaskAttnInferencer, examples: list[np.ndarray]) -> Differences:
    """How far a file is from PyTorch; an error if that is too far."""
    differences = compare(path, inferencer, examples)
    differences.check()
    return differences


def keep(trial: Path, target: Path, metadata: dict[str, Any], differences: Differences) -> Exported:
    """Write a file that is good, and its json."""
    places = files_of(target)
    for name, place in files_of(trial).items():
        if name != 'beside':
            atomic_write(places[name], place.read_bytes())
    atomic_write(places['beside'], metadata_text(metadata).encode())
    return Exported(target, places['beside'], metadata, differences)


def check_target(target: Path) -> str:
    """Refuse a name, before minutes are spent.

    Returns:
        Its ending, one of `SUFFIXES`.

    Raises:
        ValueError: If it ends in none of them, or is no place for a file, or what is beside it is not ours.
    """
    suffix = suffix_of(target)
    if suffix is None or '\0' in str(target):
        endings = f'{", ".join(SUFFIXES[:-1])} or {SUFFIXES[-1]}'
        raise ValueError(f'{target}: expected a name that ends in {endings}, such as nuclei{ONNX}'.replace('\0', '\\0'))
    above = next(one for one in target.absolute().parents if one.exists() or one.is_symlink())
    if target.is_dir() or not above.is_dir():
        raise ValueError(f'{target}: is a folder, or lies in a file; expected a name for a file')
    try:
        tempfile.TemporaryFile(dir=above).close()  # rights alone do not tell: root has them in a read-only place too
    except OSError as error:
        raise ValueError(
            f'{target}: nothing can be written to {above} ({error.strerror}); name another place'
        ) from None
    places = files_of(target)
    beside = places.pop('beside')
    for place in (beside, *(one for name, one in places.items() if name != 'file')):
        if os.path.lexists(place) and not _is_ours(beside):
            raise ValueError(
                f'{place}: is there already and no description of an exported file, which would replace it; '
                'move it away, or give --out another name'
            )
    return suffix


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
