"""Where the weights of a model are: in the package, at a path, at an address, in a Hugging Face repository."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mmmaskattn.apis import hub
from mmmaskattn.engine.checkpoint import cached_path, download
from mmmaskattn_console.model_index import PACKAGE, ModelEntry, find_model

WEB = ('http://', 'https://')
_CHUNK = 1 << 20


def resolve_weights(source: ModelEntry | str | Path, sha256: str | None = None) -> Path:
    """Find a file of weights; download it only where it is not there yet.

    Args:
        source: An entry of the model index, or the name of one; a path; an address ``http(s)://``, kept in torch's
            cache; ``hf://OWNER/REPOSITORY/FILE``, kept in huggingface_hub's.
        sha256: What the file's must be; that of the index where the source is one of its models.

    Returns:
        The file.

    Raises:
        LookupError: If the model of the index has no published weights.
        FileNotFoundError: If there is neither a file nor a model of that name.
        OSError: If a file cannot be downloaded.
        ValueError: If the file's sha256 is another one.
    """
    if isinstance(source, ModelEntry):
        return _checked(_located(_published(source)), source.sha256)
    source = str(source)
    if '://' not in source and not _on_disk(source):
        return resolve_weights(_entry(source))
    return _checked(_located(source), sha256)


def _published(entry: ModelEntry) -> str:
    if entry.weights is None:
        raise LookupError(
            f'no weights of {entry.name} are published; name a checkpoint of your own, or train one: '
            f'python tools/train.py {entry.config}'
        )
    return entry.weights


def _entry(name: str) -> ModelEntry:
    try:
        return find_model(name)
    except LookupError as error:
        raise FileNotFoundError(f'there is no file {name} (looked in {Path.cwd()}), and {error}') from error


def _on_disk(source: str) -> Path | None:
    """A path from here, or from the folder that holds the package, as the index has it."""
    places = (Path(source).expanduser(), PACKAGE.parent / source)
    return next((place for place in places if place.is_file()), None)


def _located(source: str) -> Path:
    if source.startswith(hub.SCHEME):
        return hub.fetch_address(source)
    if source.startswith(WEB):
        path = cached_path(source)
        download(source, path)
        return path
    found = _on_disk(source)
    if found is None:
        raise FileNotFoundError(f'there is no file {source} (looked in {Path.cwd()} and {PACKAGE.parent})')
    return found


def _checked(path: Path, expected: str | None) -> Path:
    if expected is not None and (found := file_sha256(path)) != expected:
        raise ValueError(
            f'{path}: sha256 is {found}, expected {expected}; it is damaged or another file, remove it and try again'
        )
    return path


def file_sha256(path: str | Path) -> str:
    """Compute the sha256 of a file, as hexadecimal digits.

    Args:
        path: The file.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
