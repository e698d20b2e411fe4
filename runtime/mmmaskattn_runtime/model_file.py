"""What an exported file says of itself: task, classes, size, thresholds; checked before anything of it is run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from mmmaskattn_runtime.colours import Colour
from mmmaskattn_runtime.onnx_metadata import NotOnnxError, read_metadata
from mmmaskattn_runtime.result import Classes

KEY, FORMAT = 'mmmaskattn', 1
TASKS, LAYOUTS = ('semantic', 'instance', 'panoptic'), ('nhwc', 'nchw')
MOST_CLASSES, LARGEST_SIDE, MOST_MAPS = 32767, 8192, 1000
DEFAULT_SCORE, DEFAULT_INSTANCES = 0.3, 100
AGAIN = 'export it again: mmmaskattn export NAME --out FILE.onnx'
_SHOWN = 60


class ModelFileError(ValueError):
    """A file that is no exported model, or cannot be run; the message names it and says why, in one line."""


@dataclass(frozen=True)
class ModelInfo:
    """What an exported file says of itself.

    Attributes:
        name: Of the model.
        task: ``'semantic'``, ``'instance'`` or ``'panoptic'``.
        classes: What it tells apart.
        size: (H, W) at which the network works.
        layout: Of its input: ``'nhwc'`` or ``'nchw'``.
        score: Least score of an instance.
        most: Most instances of a picture.
        precision: Of the network: ``'float32'`` or ``'int8'``.
        attention: Names of the maps that say what the attention keeps; none where the file does not tell.
        licence: Of the weights.
        source: Config and sha256 of the weights.
        versions: Of what wrote the file.
    """

    name: str
    task: str
    classes: Classes
    size: tuple[int, int]
    layout: Literal['nhwc', 'nchw'] = 'nhwc'
    score: float = DEFAULT_SCORE
    most: int = DEFAULT_INSTANCES
    precision: str = 'float32'
    attention: tuple[str, ...] = ()
    licence: str = ''
    source: Any = None
    versions: Any = None


def read_info(path: str | Path) -> ModelInfo:
    """Read what an exported file says of itself.

    Args:
        path: The file.

    Raises:
        ModelFileError: If it is missing, no ONNX file, cut short, not ours, or says what cannot be.
    """
    try:
        texts = read_metadata(path)
    except NotOnnxError as error:
        mend = f'copy it again, or {AGAIN}' if Path(path).suffix == '.onnx' else 'expected *.onnx, no other is read'
        raise ModelFileError(f'{path}: {error}; {mend}') from None
    except OSError as error:
        raise ModelFileError(f'{path}: {error.strerror or error}; expected an exported model') from None
    except ValueError as error:  # a name with a null byte
        raise ModelFileError(f'{str(path)!r}: {error}; expected the name of a file') from None
    if KEY not in texts:
        raise ModelFileError(f'{path}: an ONNX file without the metadata {KEY!r}, so not exported by us; {AGAIN}')
    return info_of(path, texts[KEY])


def info_of(path: str | Path, text: str) -> ModelInfo:
    """Check what a file says of itself.

    Args:
        path: The file, for the message.
        text: Its metadata, JSON.

    Raises:
        ModelFileError: If that is no JSON, or says what cannot be.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f'{path}: the metadata {KEY!r} are no JSON ({str(error)[:_SHOWN]}); {AGAIN}') from None
    return _Reader(path, content).info()


class _Reader:
    """The checks of the metadata, each with the words for what it refuses."""

    def __init__(self, path: str | Path, content: Any) -> None:
        self.path, self.content = path, content

    def info(self) -> ModelInfo:
        """All that it says, checked."""
        if not isinstance(self.content, Mapping):
            self.refuse(KEY, self.content, 'an object')
        if self.content.get('format') != FORMAT:
            self.refuse(
                'format', self.content.get('format'), f'{FORMAT}; a newer file needs a newer mmmaskattn-runtime'
            )
        thresholds = self.take('thresholds', _is_object, 'an object', {})
        return ModelInfo(
            name=self.take('name', _is_text, 'a text'),
            task=self.take('task', TASKS.__contains__, ' or '.join(TASKS)),
            classes=self.classes(),
            size=tuple(self.take('size', _is_size, f'[height, width], 1 to {LARGEST_SIDE}')),
            layout=self.take('layout', LAYOUTS.__contains__, ' or '.join(LAYOUTS), LAYOUTS[0]),
            score=float(self.take('score', _is_share, '0 to 1', DEFAULT_SCORE, thresholds)),
            most=self.take('instances', _is_count, 'a whole number, 1 or more', DEFAULT_INSTANCES, thresholds),
            precision=self.take('precision', _is_text, 'a text', 'float32'),
            attention=tuple(self.take('attention', _are_texts, f'a list of at most {MOST_MAPS} names, each once', [])),
            licence=self.take('licence', _is_text, 'a text', ''),
            source=self.content.get('source'),
            versions=self.content.get('versions'),
        )

    def classes(self) -> Classes:
        """Names, colours, and which of them are things."""
        names = self.take('classes', _are_names, f'a list of 1 to {MOST_CLASSES} names')
        count = len(names)
        colours = self.take('palette', lambda one: _are_colours(one, count), f'{count} colours [R, G, B], 0 to 255', [])
        things = self.take('things', lambda one: _are_labels(one, count), f'labels, each once, 0 to {count - 1}', [])
        if not things and self.content['task'] != TASKS[0]:
            self.refuse('things', things, f'at least one for the {self.content["task"]} task')
        palette: tuple[Colour, ...] = tuple((r, g, b) for r, g, b in colours)
        return Classes(tuple(names), palette, frozenset(things))

    def take(
        self,
        key: str,
        is_right: Callable[[Any], bool],
        expected: str,
        default: Any = None,
        within: Mapping[str, Any] | None = None,
    ) -> Any:
        """A value, or its default where there is none."""
        value = (self.content if within is None else within).get(key)
        if value is None and default is not None:
            return default
        return value if _fits(is_right, value) else self.refuse(key, value, expected)

    def refuse(self, key: str, value: Any, expected: str) -> NoReturn:
        """Say what is wrong."""
        found = repr(value)
        found = found if len(found) <= _SHOWN else f'{found[:_SHOWN]}...'
        raise ModelFileError(f'{self.path}: metadata {key!r}: found {found}, expected {expected}; {AGAIN}')


def _fits(is_right: Callable[[Any], bool], value: Any) -> bool:
    try:
        return is_right(value)
    except (TypeError, ValueError, OverflowError):
        return False


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any, low: int, high: float) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_count(value: Any) -> bool:
    return _is_whole(value, 1, math.inf)


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_whole(one, 1, LARGEST_SIDE) for one in value)


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MOST_CLASSES and all(map(_is_text, value))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value) <= MOST_MAPS


def _are_colours(value: Any, count: int) -> bool:
    return len(value) == count and all(len(one) == 3 and all(_is_whole(v, 0, 255) for v in one) for one in value)


def _are_labels(value: Any, count: int) -> bool:
    return len(set(value)) == len(value) and all(_is_whole(one, 0, count - 1) for one in value)
