"""A training's checkpoint as a small file to give away: weights only, and what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mmmaskattn.analysis.models import build_model, read_config
from mmmaskattn.apis.description import describe_model
from mmmaskattn.apis.metafiles import RECORDS, ModelRecord, record_text
from mmmaskattn.apis.weights import file_sha256
from mmmaskattn.utils.files import atomic_write
from mmmaskattn.utils.safetensors_file import SUFFIX, refuse_existing, write_weights
from mmmaskattn.utils.weights import load_model_weights
from mmmaskattn_console.model_index import shipped_folder

EMA = 'ema_state_dict'


@dataclass(frozen=True)
class Publication:
    """What `publish` has written.

    Attributes:
        weights: The file of weights.
        record: The json file beside it.
        content: What that says.
        taken: Which of the checkpoint's weights were taken.
    """

    weights: Path
    record: Path
    content: ModelRecord
    taken: str


def publish(checkpoint: Path, config: Path, out: Path, record: ModelRecord, half: bool = False) -> Publication:
    """Write the weights of a checkpoint as safetensors, and their record for the model index beside them.

    Args:
        checkpoint: A training's checkpoint, or weights alone.
        config: The config that it is of.
        out: The file of weights, ``*.safetensors``; the record is ``*.json``.
        record: What the checkpoint does not say: metrics, licence of the data, command, log. The rest is filled in.
        half: Write the larger weights in half precision; they are float32 again when loaded.

    Returns:
        What was written.

    Raises:
        FileExistsError: If one of the files is there.
        ValueError: If ``out`` ends otherwise, or a weight cannot be stored.
        WeightsMismatchError: If the checkpoint is of another config.
    """
    if out.suffix != SUFFIX:
        raise ValueError(f'{out}: expected a name that ends in {SUFFIX}')
    beside = out.with_suffix('.json')
    for path in (out, beside):
        refuse_existing(path)
    cfg = read_config(config)
    model = build_model(cfg)
    held = load_model_weights(model, checkpoint)
    metadata = _metadata(describe_model(cfg, (held.get('meta') or {}).get('dataset_meta')), record)
    metadata.update({'source_sha256': file_sha256(checkpoint), 'averaged': 'ema' if EMA in held else 'no'})
    write_weights(out, model.state_dict(), metadata, half)
    content = msgspec.structs.replace(
        record,
        config=_from_root(config),
        weights=record.weights or _address(out),
        sha256=file_sha256(out),
        classes=tuple(metadata['dataset_meta'].get('classes', ())),
        parameters=sum(one.numel() for one in model.parameters()),
    )
    atomic_write(beside, record_text(content).encode())
    return Publication(out, beside, content, _taken(held))


def _metadata(described: dict[str, Any], record: ModelRecord) -> dict[str, Any]:
    own = {'licence': record.licence, 'metrics': record.metrics, 'command': record.command, 'about': record.about}
    return {**described, **{key: value for key, value in own.items() if value}}


def _taken(held: Mapping[str, Any]) -> str:
    if EMA in held:
        return f'the moving average (state_dict); the weights of the last step ({EMA}) are left out'
    return 'state_dict' if 'state_dict' in held else 'the whole file'


def _from_root(config: Path) -> str:
    """Path of a config from the root of the repository; the whole path of another one."""
    path, root = config.resolve(), (shipped_folder() / 'configs').resolve().parent  # links, if installed as editable
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _address(out: Path) -> str:
    """Where the index finds the file: in the package, if it lies in a checkout's folder of weights."""
    parts = out.resolve().parts[-len(RECORDS.parts) - 1 :]
    return Path(*parts).as_posix() if parts[:-1] == RECORDS.parts else out.name
