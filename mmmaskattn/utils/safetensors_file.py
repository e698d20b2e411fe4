"""Weights as safetensors: a file of tensors and strings, which cannot hold code.

Half precision is a matter of the file alone: what is read is float32. The integer counters of batch norms are not
written; only a cumulative average, which no config uses, would read them. The versions by which torch's modules
recognise old weights are kept.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mmmaskattn.utils.files import atomic_write

SUFFIX = '.safetensors'
COUNTER = 'num_batches_tracked'
VERSIONS = 'module_versions'
_HALVES = (torch.float16, torch.bfloat16)


def write_weights(
    path: str | Path, weights: Mapping[str, Tensor], metadata: Mapping[str, Any], half: bool = False
) -> None:
    """Write weights; the file comes whole or not at all.

    Args:
        path: The file; it must not be there.
        weights: Tensors by name, as ``state_dict()`` gives them.
        metadata: What else the file shall say; what is no string is written as json.
        half: Write tensors of two and more dimensions as float16. Biases, norms and scales, of one, are small and stay.

    Raises:
        FileExistsError: If the file is there.
        ValueError: If a weight is not finite, or not in half precision.
    """
    refuse_existing(path)
    tensors = {name: _stored(name, tensor, half) for name, tensor in weights.items() if not name.endswith(COUNTER)}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    versions = {
        prefix: entry['version']
        for prefix, entry in (getattr(weights, '_metadata', None) or {}).items()
        if entry.get('version', 1) != 1
    }
    texts.update({'format': 'pt', VERSIONS: json.dumps(versions)})
    atomic_write(path, save(tensors, texts))


def refuse_existing(path: str | Path) -> None:
    """Refuse a path at which something is.

    Args:
        path: Where a file shall be written.

    Raises:
        FileExistsError: If there is one.
    """
    if Path(path).exists():
        raise FileExistsError(f'{path} is there already and is not overwritten; name another file, or remove it')


def _stored(name: str, tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    if not tensor.is_floating_point():
        return tensor
    if not tensor.isfinite().all():
        raise ValueError(f'weight {name} is not finite; name another checkpoint')
    if half and tensor.ndim > 1:
        tensor = tensor.half()
        if not tensor.isfinite().all():
            raise ValueError(f'weight {name} is beyond half precision (65504); leave --half out')
    return tensor


def read_weights(path: str | Path) -> tuple[OrderedDict[str, Tensor], dict[str, str]]:
    """Read a file of weights.

    Args:
        path: The file.

    Returns:
        Tensors by name on the CPU, half precision as float32, with the versions of the modules as ``state_dict()`` has
        them; and the strings of the file.

    Raises:
        RuntimeError: If it is cut short, damaged or no such file.
    """
    weights: OrderedDict[str, Tensor] = OrderedDict()
    try:
        with safe_open(str(path), framework='pt') as file:
            texts = dict(file.metadata() or {})
            for name in file.keys():  # noqa: SIM118  it is no dict
                tensor = file.get_tensor(name)
                weights[name] = tensor.float() if tensor.dtype in _HALVES else tensor
    except SafetensorError as error:
        raise RuntimeError(f'{path} is cut short, damaged or no safetensors file ({error})') from error
    versions = json.loads(texts.pop(VERSIONS, '{}'))
    weights._metadata = {  # type: ignore[attr-defined]
        prefix: {'version': versions.get(prefix, 1)} for prefix in sorted(_prefixes(weights))
    }
    return weights, texts


def _prefixes(names: Iterable[str]) -> set[str]:
    parts = [name.split('.') for name in names]
    return {'.'.join(part[:length]) for part in parts for length in range(len(part))}


def checkpoint_of(path: str | Path) -> dict[str, Any]:
    """Read a file of weights as what mmengine takes for a checkpoint.

    Args:
        path: The file.

    Returns:
        ``state_dict``, and ``meta`` with the ``dataset_meta`` by which mmseg and mmdet name and colour the classes.

    Raises:
        RuntimeError: If the file cannot be read.
    """
    weights, texts = read_weights(path)
    meta: dict[str, Any] = dict(texts)
    if 'dataset_meta' in texts:
        meta['dataset_meta'] = json.loads(texts['dataset_meta'])
    return {'state_dict': weights, 'meta': meta}
