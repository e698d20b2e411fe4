"""Reading of the lists of a large json file, an item at a time: COCO's files are up to half a gigabyte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

CHUNK = 1 << 20
_SPACE = ' \t\r\n'
_AFTER_VALUE = set(_SPACE + ',:]}')
_DECODER = json.JSONDecoder()


def stream_lists(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield every item of every list that is a value of the file's top-level object.

    Args:
        path: the json file.

    Yields:
        The list's key and the item. Values that are no lists are passed over, but must be valid.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it is no valid json object, for example cut short; the message names the file.
    """
    with open(path, encoding='utf-8') as file:
        text = _Text(file)
        try:
            yield from _read_object(text)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f'{path}: no valid json: {error}. Fetch it again, it may be cut short.') from None


def _read_object(text: _Text) -> Iterator[tuple[str, Any]]:
    """Read the top-level object."""
    text.expect('{')
    if text.peek() == '}':
        return
    while True:
        key = text.value()
        text.expect(':')
        if text.peek() == '[':
            for item in _read_list(text):
                yield key, item
        else:
            text.value()
        if text.expect(',}') == '}':
            return


def _read_list(text: _Text) -> Iterator[Any]:
    """Read a list's items."""
    text.expect('[')
    if text.peek() == ']':
        text.expect(']')
        return
    while True:
        yield text.value()
        if text.expect(',]') == ']':
            return


class _Text:
    """The part of the file that is in memory, read from its start and filled at its end."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._buffer = ''
        self._place = 0

    def peek(self) -> str:
        """Return the next character that is no space."""
        while True:
            while self._place < len(self._buffer):
                if self._buffer[self._place] not in _SPACE:
                    return self._buffer[self._place]
                self._place += 1
            if not self._fill():
                raise json.JSONDecodeError('unexpected end', self._buffer[-80:], len(self._buffer[-80:]))

    def expect(self, choices: str) -> str:
        """Step over the next character, which must be one of the choices, and return it."""
        found = self.peek()
        if found not in choices:
            raise json.JSONDecodeError(f'found {found!r}, expected one of {choices!r}', found, 0)
        self._place += 1
        return found

    def value(self) -> Any:
        """Decode the next value; more is read while it is not whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._place)
                # A number may go on after what was read; what follows a whole value is a space or a mark.
                if self._buffer[end : end + 1] in _AFTER_VALUE or not self._fill():
                    self._place = end
                    return value
            except json.JSONDecodeError:
                if not self._fill():
                    raise

    def _fill(self) -> bool:
        """Read on; return whether there was more. What has been used is let go."""
        more = self._file.read(CHUNK)
        self._buffer = self._buffer[self._place :] + more
        self._place = 0
        return bool(more)
