"""What an exported file says of its model, so that the file alone is enough to use it."""

from __future__ import annotations

import json
from typing import Any

import onnx
import torch

from mmmaskattn.apis.deploy.graph import VOID, picture_input
from mmmaskattn.apis.deploy.picture import Layout
from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.apis.loading import ReadyModel
from mmmaskattn.apis.weights import file_sha256
from mmmaskattn.utils.configs import config_name
from mmmaskattn.version import __version__
from mmmaskattn_console.model_index import ModelEntry, list_models

KEY = 'mmmaskattn'
FORMAT = 1


def describe(inferencer: MaskAttnInferencer, layout: Layout, batch: bool) -> dict[str, Any]:
    """Say of a model all that one needs who has the file alone.

    Args:
        inferencer: The model.
        layout: Axes of the pictures.
        batch: Whether the file takes any number of pictures at a time.

    Returns:
        ``format``, ``name``, ``task``, ``classes``, ``palette`` (RGB), ``things`` (labels), ``size`` ([height, width]
        of the network), ``layout``, ``batch``, ``void`` (the label of no class), ``precision``, ``thresholds``,
        ``mean`` and ``std`` (RGB), ``licence``, ``source`` and ``versions``.
    """
    ready = inferencer.ready
    sha256 = file_sha256(ready.weights)
    entry = _published(sha256)
    first = picture_input(ready, layout)
    order = slice(None, None, -1) if first.flipped else slice(None)
    config = config_name(ready.cfg.filename) if ready.cfg.filename else 'unnamed'
    return dict(
        format=FORMAT,
        name=entry.name if entry else config,
        task=ready.task,
        classes=list(ready.classes.names),
        palette=[list(colour) for colour in ready.classes.colours],
        things=sorted(ready.classes.things),
        size=list(ready.size),
        layout=layout,
        batch=batch,
        void=VOID,
        precision='float32',
        thresholds=_thresholds(ready, inferencer.score_thr),
        mean=_rounded(first.mean)[order],
        std=_rounded(first.std)[order],
        licence=entry.licence if entry else None,
        source=dict(config=config, sha256=sha256),
        versions=dict(mmmaskattn=__version__, torch=torch.__version__, onnx=onnx.__version__),
    )


def _rounded(values: torch.Tensor) -> list[float]:
    """As the config has them, without the digits that float32 adds."""
    return [round(value, 4) for value in values.flatten().tolist()]


def _thresholds(ready: ReadyModel, score: float) -> dict[str, float]:
    """Least score of an object that is shown, and the most objects of a picture."""
    if ready.task == 'semantic':
        return {}
    head: Any = ready.module.segment_head
    return dict(score=score, instances=head.prediction_options.max_per_image)


def _published(sha256: str) -> ModelEntry | None:
    """The model of the index that has these weights."""
    return next((entry for entry in list_models() if entry.sha256 == sha256), None)


def write_metadata(model: onnx.ModelProto, metadata: dict[str, Any]) -> None:
    """Put it into a file's content, in place of what is there.

    Args:
        model: The content.
        metadata: What `describe` gives.
    """
    kept = [one for one in model.metadata_props if one.key != KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.metadata_props.add(key=KEY, value=json.dumps(metadata))


def metadata_text(metadata: dict[str, Any]) -> str:
    """The same for people, a key a line."""
    lines = [f'  {json.dumps(key)}: {json.dumps(value)}' for key, value in metadata.items()]
    return '{\n' + ',\n'.join(lines) + '\n}\n'
