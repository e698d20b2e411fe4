"""Loading of mmengine's checkpoints under torch >= 2.6, with ``weights_only`` left on.

Since torch 2.6 ``torch.load`` rebuilds only objects on an allow-list, and mmengine's checkpoints hold more than
tensors: the history of the logged scalars (``HistoryBuffer`` objects with NumPy arrays, and through
``builtins.getattr`` the four statistics of that class). They are put on the allow-list here; ``getattr`` itself,
which would let a file reach anything, is replaced by a function that answers for those four alone.
"""

from __future__ import annotations

import pickle
import re
from typing import Any, Callable

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from mmmaskattn.utils.weights import load_weights

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
    try:
        return mmengine_checkpoint.load_from_local(filename, map_location)
    except pickle.UnpicklingError as error:
        raise pickle.UnpicklingError(_foreign_object_message(filename, str(error))) from error
    except (EOFError, RuntimeError) as error:
        if isinstance(error, EOFError) or 'PytorchStreamReader' in str(error):
            message = f'{filename} is cut short or damaged ({error or "it ends too early"}). Use an earlier checkpoint.'
            raise RuntimeError(message) from error
        raise


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
    """Let torch load mmengine's own checkpoints, and give mmengine the loader with the clearer errors.

    What fits of a checkpoint is said in one line, see `load_weights`.

    ``torch.load`` is left as it is: ``weights_only`` stays on, and what is not on the list stays refused. Before
    torch 2.6 nothing needs to be allowed. Calling this again changes nothing.
    """
    if tuple(int(part) for part in torch.__version__.split('.')[:2]) >= (2, 6):
        torch.serialization.add_safe_globals(_safe_globals())
    CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)
    mmengine_checkpoint.load_state_dict = load_weights  # what Runner, init_cfg and load_checkpoint call
