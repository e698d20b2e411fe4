"""Metafiles of the model index, written from the configs and from a record for each model that has figures.

A record is a json file in ``mmmaskattn/weights``, beside the weights that it is of, if any are published. What a
metafile says of its collection (title and address of the paper, architecture) stays as it was written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

import msgspec
import yaml

from mmmaskattn.utils.command_line import nearest
from mmmaskattn.utils.configs import config_name
from mmmaskattn_console.model_index import INDEX, parts_of_name, read_yaml

RECORDS = Path('mmmaskattn', 'weights')
METAFILE = 'metafile.yml'
FOLDERS = ('maskattn', 'lrformer', 'scaseg', 'peers')
NOTE = f'# Models are written by tools/analysis/model_index.py, from the configs and {RECORDS}/*.json; edit those.\n'
DATA_SETS = {
    'ade20k': 'ADE20K',
    'camvid': 'CamVid',
    'ccp': 'CCP',
    'cityscapes': 'Cityscapes',
    'coco': 'COCO',
    'dsb2018': 'DSB2018',
    'legend': 'Drawn legends',
    'magnetic_tile': 'Magnetic tile defects',
}


class ModelRecord(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What is known of one trained model.

    Attributes:
        config: Path of the config from the root of the repository.
        metrics: Figures on the test images, by name.
        weights: Where the weights are, see :func:`mmmaskattn.apis.resolve_weights`; None if they are not published.
        sha256: Of the weights' file.
        classes: Names of the classes.
        parameters: Number of weights.
        latency_ms: Milliseconds for one image on one thread of a processor.
        epochs: Epochs of the training.
        licence: Licence of the data that it was trained on.
        command: The command that trained it.
        log: Lines of its log.
        about: What else is to be known of weights and figures.
    """

    config: str
    metrics: dict[str, float] = {}
    weights: Optional[str] = None  # noqa: UP045  msgspec reads the hints, on Python 3.9 too
    sha256: Optional[str] = None  # noqa: UP045
    classes: tuple[str, ...] = ()
    parameters: Optional[int] = None  # noqa: UP045
    latency_ms: Optional[float] = None  # noqa: UP045
    epochs: Optional[int] = None  # noqa: UP045
    licence: Optional[str] = None  # noqa: UP045
    command: Optional[str] = None  # noqa: UP045
    log: tuple[str, ...] = ()
    about: Optional[str] = None  # noqa: UP045


def record_text(record: ModelRecord) -> str:
    """Write a record as the json of its file.

    Args:
        record: The record.
    """
    return msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + '\n'


def read_record(path: Path) -> ModelRecord:
    """Read a record.

    Args:
        path: The json file.

    Raises:
        ValueError: If it is no record; the message names file and place.
    """
    try:
        record = msgspec.json.decode(path.read_bytes(), type=ModelRecord)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f'{path}: {error}; expected a record as publish_model.py writes it') from error
    if record.weights is not None and record.sha256 is None:
        raise ValueError(f'{path}: weights without sha256; add it: sha256sum {record.weights}')
    return record


def read_records(root: Path) -> dict[str, ModelRecord]:
    """Read all records of a repository, by the path of their config.

    Args:
        root: Root of the repository.

    Raises:
        ValueError: If one is no record, or two are of one config, or one of a config that is not there.
    """
    records: dict[str, ModelRecord] = {}
    for path in sorted((root / RECORDS).glob('*.json')):
        record = read_record(path)
        if not (root / record.config).is_file():
            configs = [str(one.relative_to(root)) for one in (root / 'configs').rglob('*.py')]
            raise ValueError(f'{path}: there is no config {record.config}{nearest(record.config, configs)}')
        if record.config in records:
            raise ValueError(f'{path}: {record.config} has another record; keep one of them')
        records[record.config] = record
    return records


def model_of(record: ModelRecord, collection: str) -> dict[str, Any]:
    """Say of a model what a metafile says.

    Args:
        record: The record; of a model without one, that of its config alone.
        collection: Name of the collection.
    """
    name = config_name(record.config)
    parts = parts_of_name(name)
    data = _data_name(parts.data, record.config)
    metadata = {
        'Training Data': data,
        'Epochs': record.epochs,
        'Parameters': record.parameters,
        'Latency (ms)': record.latency_ms,
        'Classes': list(record.classes),
        'Data License': record.licence,
        'Command': record.command,
        'Log': list(record.log),
        'About': record.about,
    }
    result = {'Task': f'{parts.task.capitalize()} Segmentation', 'Dataset': data, 'Metrics': dict(record.metrics)}
    model = {
        'Name': name,
        'In Collection': collection,
        'Config': record.config,
        'Metadata': _without_empty(metadata),
        'Results': [_without_empty(result)],
        'Weights': record.weights,
        'SHA256': record.sha256,
    }
    return _without_empty(model)


def collection_of(config: str, root: Path) -> str:
    """Find the collection that a config belongs to.

    Args:
        config: Path of the config from the root.
        root: Root of the repository.

    Raises:
        FileNotFoundError: If its folder has no metafile.
    """
    return _collection((root / config).parent)['Name']


def _collection(folder: Path) -> dict[str, Any]:
    if not (folder / METAFILE).is_file():
        raise FileNotFoundError(
            f'there is no {folder / METAFILE}; write one with Collections alone, as in configs/maskattn/{METAFILE}'
        )
    (collection,) = read_yaml(folder / METAFILE)['Collections']
    return collection


def _data_name(data: str, config: str) -> str:
    if data not in DATA_SETS:
        raise ValueError(f'{config}: data set {data!r} is not one of {", ".join(DATA_SETS)}; add it to {__name__}')
    return DATA_SETS[data]


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], {})}


def metafiles(root: Path) -> dict[str, str]:
    """Write the model index of a repository as texts.

    Args:
        root: Root of the repository.

    Returns:
        The text of each file, by its path from the root.

    Raises:
        FileNotFoundError: If a folder of configs has no metafile that says of what collection they are.
        ValueError: If a record is wrong, see `read_records`, or a config's name says no data set, task and size.
    """
    records = read_records(root)
    folders = sorted(
        {path.parent for name in FOLDERS for path in (root / 'configs' / name).rglob('*.py')},
        key=lambda folder: (FOLDERS.index(folder.relative_to(root / 'configs').parts[0]), folder),
    )
    texts = {str((folder / METAFILE).relative_to(root)): _metafile(folder, root, records) for folder in folders}
    return {**texts, INDEX: yaml_text({'Import': list(texts)})}


def _metafile(folder: Path, root: Path, records: Mapping[str, ModelRecord]) -> str:
    collection = _collection(folder)
    configs = [str(path.relative_to(root)) for path in sorted(folder.glob('*.py'))]
    models = [model_of(records.get(one) or ModelRecord(config=one), collection['Name']) for one in configs]
    own = set(collection['Metadata']['Training Data']) - set(DATA_SETS.values())  # that of a pretrained encoder
    used = {model['Metadata']['Training Data'] for model in models}
    collection['Metadata'] = {**collection['Metadata'], 'Training Data': sorted(own | used)}
    return NOTE + yaml_text({'Collections': [collection], 'Models': models})


def yaml_text(content: Any) -> str:
    """Write plain values as yaml.

    Args:
        content: The values; their order is kept.
    """
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)


def outdated(root: Path) -> dict[str, str]:
    """Find the files of the model index that are not what `metafiles` writes.

    Args:
        root: Root of the repository.

    Returns:
        What they should be, by their path from the root.
    """
    return {
        name: text
        for name, text in metafiles(root).items()
        if not (root / name).is_file() or (root / name).read_text(encoding='utf-8') != text
    }
