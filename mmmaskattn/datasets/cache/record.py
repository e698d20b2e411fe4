"""Part of a sample as bytes: plain values as JSON, arrays as they are. Reading one runs no code.

A record is the length of the JSON, the JSON, and the arrays one after the other. Whole numbers are stored in the
narrowest type that holds them, and come back in their own.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

_HEAD = struct.Struct('<I')
_ALIGNED = 16


def pack_record(values: Mapping[str, Any]) -> bytes:
    """Write values.

    Args:
        values: Texts, numbers, truth values, None, arrays; lists, tuples and dictionaries (with texts as keys) of them.

    Returns:
        The record.

    Raises:
        TypeError: If a value is something else; the message names its key.
    """
    arrays: list[bytes] = []
    plain = {}
    for key, value in values.items():
        try:
            plain[key] = _to_plain(value, arrays)
        except TypeError as error:
            raise TypeError(f'{key}: {error}') from None
    text = json.dumps(plain, separators=(',', ':')).encode()
    return b''.join([_padded(_HEAD.pack(len(text)) + text), *arrays])


def unpack_record(record: bytearray) -> dict[str, Any]:
    """Read what `pack_record` wrote.

    Args:
        record: The bytes; arrays are views of them where they need not be widened.

    Returns:
        The values.
    """
    start = _HEAD.size + _HEAD.unpack_from(record)[0]
    plain = json.loads(record[_HEAD.size : start])
    place = start + -start % _ALIGNED
    values = {}
    for key, value in plain.items():
        values[key], place = _from_plain(value, record, place)
    return values


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % _ALIGNED)


def _to_plain(value: Any, arrays: list[bytes]) -> Any:
    """What JSON holds of a value; lists and strings stand for themselves, all else with a kind is a dictionary."""
    if isinstance(value, np.ndarray):
        narrow = _narrowed(value)
        arrays.append(_padded(narrow.tobytes()))
        return {'array': [value.dtype.str, narrow.dtype.str, list(value.shape)]}
    if isinstance(value, tuple):
        return {'tuple': [_to_plain(one, arrays) for one in value]}
    if isinstance(value, list):
        return [_to_plain(one, arrays) for one in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {'dict': {key: _to_plain(one, arrays) for key, one in value.items()}}
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise TypeError(f'a {type(value).__name__}, which the cache of samples cannot store')


def _from_plain(value: Any, record: bytearray, place: int) -> tuple[Any, int]:
    """The value, and where the next array begins."""
    if isinstance(value, list):
        found = []
        for one in value:
            item, place = _from_plain(one, record, place)
            found.append(item)
        return found, place
    if not isinstance(value, dict):
        return value, place
    ((kind, content),) = value.items()
    if kind == 'array':
        return _array(record, place, *content)
    if kind == 'tuple':
        items, place = _from_plain(content, record, place)
        return tuple(items), place
    items, place = _from_plain(list(content.values()), record, place)
    return dict(zip(content, items)), place


def _array(record: bytearray, place: int, own: str, stored: str, shape: list[int]) -> tuple[np.ndarray, int]:
    count = int(np.prod(shape))
    array = np.frombuffer(record, stored, count, place) if count else np.zeros(0, stored)
    size = array.nbytes
    return array.reshape(shape).astype(own, copy=False), place + size + -size % _ALIGNED


def _narrowed(array: np.ndarray) -> np.ndarray:
    """The array in the smallest type of whole numbers that holds it; other arrays as they are."""
    if array.dtype.hasobject:
        raise TypeError('an array of objects, which the cache of samples cannot store')
    if array.dtype.kind not in 'iu' or not array.size:
        return array
    least, most = int(array.min()), int(array.max())
    for kind in (np.uint8, np.int16, np.uint16, np.int32):
        if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max and np.dtype(kind).itemsize < array.itemsize:
            return array.astype(kind)
    return array
