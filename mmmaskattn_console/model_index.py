"""The model index: every shipped config under a short name, with its published weights and figures.

It is read from ``model-index.yml`` and the metafiles that this one imports, in a checkout and in a wheel alike;
:mod:`mmmaskattn.apis.metafiles` writes them. It is read without importing ``mmmaskattn``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

PACKAGE = Path(__file__).resolve().parents[1] / 'mmmaskattn'
INDEX = 'model-index.yml'
TASKS = ('semantic', 'instance', 'panoptic')
DEFAULT_VARIANT, DEFAULT_SIZE = 'base', (128, 128)
NEAREST, ALIKE = 3, 0.5
_PARTS = re.compile(rf'(?P<data>\w+?)_(?P<task>{"|".join(TASKS)})_(?P<size>\d+(?:x\d+)?)(?:_(?P<variant>\w+))?')


@dataclass(frozen=True)
class ModelEntry:
    """One model of the index.

    Attributes:
        name: Short name, variant first, the usual size left out: ``tiny_dsb2018_panoptic``.
        stem: Name of the config, see :func:`mmmaskattn.utils.configs.config_name`: ``dsb2018_panoptic_128_tiny``.
        config: The config file.
        collection: Family of networks that it belongs to.
        task: ``semantic``, ``instance`` or ``panoptic``.
        data: Data set that it is trained on, as people write it.
        variant: ``nano``, ``tiny``, ... or the name of a peer.
        size: (H, W) of the network's input in pixels.
        weights: Where the weights are: a path from the folder that holds the package, an address, ``hf://``; None if
            none are published.
        sha256: Of the weights' file.
        classes: Names of the classes; empty where no weights are published.
        metrics: Figures on the test images, by name.
        latency: Milliseconds for one image on one thread of a processor; None if not measured.
        parameters: Number of weights; None where no weights are published.
        licence: Licence of the data that it was trained on; None if not stated.
        about: What else is to be known of weights and figures; may be empty.
    """

    name: str
    stem: str
    config: Path
    collection: str
    task: str
    data: str
    variant: str
    size: tuple[int, int]
    weights: str | None = None
    sha256: str | None = None
    classes: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict, hash=False)
    latency: float | None = None
    parameters: int | None = None
    licence: str | None = None
    about: str = ''


@dataclass(frozen=True)
class NameParts:
    """What the name of a config says.

    Attributes:
        data: Data set, as file names have it.
        task: One of `TASKS`.
        size: (H, W) in pixels.
        variant: ``base`` where the name has none.
    """

    data: str
    task: str
    size: tuple[int, int]
    variant: str

    @property
    def short(self) -> str:
        """Variant, data set, task; the size where it is not the usual one."""
        height, width = self.size
        size = '' if self.size == DEFAULT_SIZE else f'_{height}' if height == width else f'_{height}x{width}'
        return f'{self.variant}_{self.data}_{self.task}{size}'


def parts_of_name(stem: str) -> NameParts:
    """Take the name of a config apart.

    Args:
        stem: The name, ``DATA_TASK_SIZE[_VARIANT]``.

    Raises:
        ValueError: If it is no such name.
    """
    found = _PARTS.fullmatch(stem)
    if not found:
        raise ValueError(f'{stem}: expected DATA_TASK_SIZE or DATA_TASK_SIZE_VARIANT; rename the config')
    sides = [int(side) for side in found['size'].split('x')]
    return NameParts(found['data'], found['task'], (sides[0], sides[-1]), found['variant'] or DEFAULT_VARIANT)


def shipped_folder() -> Path:
    """Find the folder that holds ``configs/``, ``tools/`` and ``model-index.yml``.

    Returns:
        ``mmmaskattn/.mim`` of a wheel or an editable install, else the checkout.
    """
    folders = (PACKAGE / '.mim', PACKAGE.parent)
    return next((folder for folder in folders if (folder / 'configs').is_dir()), folders[0])


def find_model(name: str) -> ModelEntry:
    """Find a model of the index.

    Args:
        name: Its short name, ``tiny_dsb2018_panoptic``, or the name of its config, ``dsb2018_panoptic_128_tiny``.

    Returns:
        The entry.

    Raises:
        LookupError: If there is none of that name; the message lists the nearest ones.
    """
    entries = _by_name(shipped_folder())
    if name not in entries:
        near = get_close_matches(name, list(entries), n=NEAREST, cutoff=ALIKE)
        meant = f'did you mean {", ".join(near)}?' if near else 'mmmaskattn.apis.list_models() has all names.'
        raise LookupError(f'there is no model {name}; {meant}')
    return entries[name]


def list_models(task: str | None = None, data: str | None = None, published: bool = False) -> list[ModelEntry]:
    """List the models of the index, those with weights first, then by name.

    Args:
        task: Only those of a task: ``semantic``, ``instance`` or ``panoptic``.
        data: Only those of a data set, as the entries or the names of configs have it; upper and lower case are one.
        published: Only those with weights.

    Raises:
        ValueError: If there is no such task.
    """
    if task is not None and task not in TASKS:
        raise ValueError(f'task={task!r}: expected one of {", ".join(TASKS)}')
    chosen = [
        entry
        for entry in read_index(shipped_folder())
        if task in (None, entry.task)
        and (data is None or data.lower() in (entry.data.lower(), parts_of_name(entry.stem).data))
        and (entry.weights is not None or not published)
    ]
    return sorted(chosen, key=lambda entry: (entry.weights is None, entry.name))


@functools.lru_cache(maxsize=4)
def read_index(folder: Path) -> tuple[ModelEntry, ...]:
    """Read the model index of a folder; once for each folder.

    Args:
        folder: What holds ``model-index.yml`` and ``configs/``.

    Raises:
        FileNotFoundError: If there is no model index.
    """
    if not (folder / INDEX).is_file():
        raise FileNotFoundError(f'there is no {folder / INDEX}; install the package anew: pip install mmmaskattn')
    metafiles = [read_yaml(folder / name) for name in read_yaml(folder / INDEX)['Import']]
    return tuple(entry for metafile in metafiles for entry in _entries(metafile, folder))


@functools.lru_cache(maxsize=4)
def _by_name(folder: Path) -> dict[str, ModelEntry]:
    entries = read_index(folder)
    return {**{entry.stem: entry for entry in entries}, **{entry.name: entry for entry in entries}}


def read_yaml(path: Path) -> Any:
    """Read a yaml file of plain values.

    Args:
        path: The file.
    """
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)  # libyaml's, where PyYAML was built with it
    return yaml.load(path.read_text(encoding='utf-8'), Loader=loader)


def _entries(metafile: Mapping[str, Any], folder: Path) -> Iterator[ModelEntry]:
    for model in metafile['Models']:
        parts, metadata, result = parts_of_name(model['Name']), model['Metadata'], model['Results'][0]
        yield ModelEntry(
            name=parts.short,
            stem=model['Name'],
            config=folder / model['Config'],
            collection=model['In Collection'],
            task=parts.task,
            data=metadata['Training Data'],
            variant=parts.variant,
            size=parts.size,
            weights=model.get('Weights'),
            sha256=model.get('SHA256'),
            classes=tuple(metadata.get('Classes', ())),
            metrics=dict(result.get('Metrics', {})),
            latency=metadata.get('Latency (ms)'),
            parameters=metadata.get('Parameters'),
            licence=metadata.get('Data License'),
            about=metadata.get('About', ''),
        )
