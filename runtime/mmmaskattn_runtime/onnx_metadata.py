"""The metadata of an ONNX file, read without a parser of ONNX: nothing but the outermost fields is looked at.

An ONNX file is a message of protocol buffers: fields one after another, each a key (number and kind) and a value. That
is enough to tell a file that is no ONNX or cut short, before any of it is handed to a runtime.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

GRAPH, METADATA = 7, 14
"""Numbers of fields of ONNX's ModelProto."""
LONGEST = 2**22
"""Bytes of an entry of the metadata; longer ones are refused."""
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


class NotOnnxError(ValueError):
    """What is wrong with the bytes, in a few words."""


def read_metadata(path: str | Path) -> dict[str, str]:
    """Read the metadata of an ONNX file.

    Args:
        path: The file.

    Returns:
        Text by key.

    Raises:
        NotOnnxError: If it is no ONNX file, or not a whole one.
        OSError: If it cannot be read.
    """
    found: dict[str, str] = {}
    with open(path, 'rb') as file:
        numbers = set()
        for number, length in _fields(file, os.fstat(file.fileno()).st_size):
            numbers.add(number)
            if number == METADATA and length is not None:
                if length > LONGEST:
                    raise NotOnnxError(f'metadata of {length} bytes; expected at most {LONGEST}')
                key, value = _entry(file.read(length))
                found[key] = value
    if GRAPH not in numbers:
        raise NotOnnxError('no ONNX file: it holds no graph')
    return found


def _fields(file: BinaryIO, size: int) -> Iterator[tuple[int, int | None]]:
    """Numbers of the fields, with the length of those that are bytes; the file then stands at these bytes."""
    while (place := file.tell()) < size:
        key = _number(file)
        number, kind = key >> 3, key & 7
        if not number or kind not in (_VARINT, _EIGHT, _BYTES, _FOUR):
            raise NotOnnxError(f'no ONNX file: there is no field at byte {place}')
        length = _number(file) if kind in (_VARINT, _BYTES) else {_EIGHT: 8, _FOUR: 4}[kind]
        start = file.tell()
        end = start if kind == _VARINT else start + length
        if end > size:
            raise NotOnnxError(f'cut short or no ONNX file: {size} bytes, where one of its fields ends at byte {end}')
        yield number, length if kind == _BYTES else None
        file.seek(end)


def _number(file: BinaryIO) -> int:
    """A whole number of up to 64 bits, seven bits a byte, the lowest first."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise NotOnnxError('cut short or no ONNX file: it ends within a number')
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise NotOnnxError('no ONNX file: a number of more than 64 bits')


def _entry(content: bytes) -> tuple[str, str]:
    """Key and value of an entry: fields 1 and 2, texts."""
    file, texts = io.BytesIO(content), {1: b'', 2: b''}
    for number, length in _fields(file, len(content)):
        texts[number] = file.read(length or 0)
    try:
        return texts[1].decode(), texts[2].decode()
    except UnicodeDecodeError:
        raise NotOnnxError('metadata that is no Unicode') from None
