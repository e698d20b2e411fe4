"""Pictures as the networks take them, and where they come from: files, folders, patterns, lists, arrays, videos."""

from __future__ import annotations

import glob
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Union

import numpy as np
from PIL import Image, ImageOps

Picture = Union[str, 'os.PathLike[str]', np.ndarray, Image.Image]
SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp', '.ppm', '.pgm', '.gif', '.jp2')
VIDEOS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg')
LARGEST = 2**27
"""Pixels of the largest picture that is read, 134 million: 400 MB as RGB."""
_NUMBER = re.compile(r'\d{6}(_\d{6})*')
_WIDE = ('I', 'I;16', 'I;16B', 'I;16L', 'I;16N', 'F')


class PictureError(ValueError):
    """A picture that cannot be read; the message names it and says why."""


class Source(NamedTuple):
    """A picture that is still to be read.

    Attributes:
        name: Its path, or a number.
        read: Gives it as RGB, uint8, (H, W, 3); raises a `PictureError`.
    """

    name: str
    read: Callable[[], np.ndarray]


class Skipped(NamedTuple):
    """A picture that could not be read.

    Attributes:
        name: Its name.
        reason: Why, in one line.
    """

    name: str
    reason: str


def read_picture(picture: Picture) -> np.ndarray:
    """Read a picture as RGB.

    EXIF's orientation is followed. Transparency is left out. 16 bits per channel become 8 by their upper half; floats
    up to 1 are multiplied by 255; numbers below 0 or above 65535 are stretched from their least to their greatest.
    Of several pages or frames the first is taken.

    Args:
        picture: Path; PIL image; or array, uint8 or uint16, (H, W), (H, W, 1), (H, W, 3) as BGR, the order of OpenCV
            and mmcv, or (H, W, 4) as BGRA.

    Returns:
        uint8 (H, W, 3), RGB.

    Raises:
        PictureError: If it is no picture, or has more than `LARGEST` pixels.
    """
    if isinstance(picture, np.ndarray):
        return _from_array(picture)
    if isinstance(picture, Image.Image):
        return _opened(picture, str(getattr(picture, 'filename', '') or 'the PIL image'))
    path = Path(picture)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise PictureError(f'{path} is no file; expected a picture')
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # pillow's, of files that are odd but whole enough
            with _limited(path) as image:
                return _from_pil(image, str(path), is_own=True)
    except FileNotFoundError:
        raise PictureError(f'there is no file {path}') from None
    except PictureError:
        raise
    except Exception as error:  # pillow's decoders raise whatever their format suggests
        reason = ' '.join(str(error).split())[:150] or type(error).__name__
        raise PictureError(f'{path} is no picture that can be read: {reason}') from None


def _opened(image: Image.Image, name: str) -> np.ndarray:
    """A PIL image, whose pixels may be decoded only now."""
    try:
        return _from_pil(image, name)
    except PictureError:
        raise
    except Exception as error:
        reason = ' '.join(str(error).split())[:150] or type(error).__name__
        raise PictureError(f'{name} cannot be read: {reason}') from None


def _limited(path: Path) -> Image.Image:
    """Open a file; what would take too much memory is refused before it is decoded."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        image = Image.open(path)
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    if image.width * image.height > LARGEST:
        raise PictureError(f'{path} has {image.width} x {image.height} pixels; expected at most {LARGEST}')
    return image


def _from_pil(image: Image.Image, name: str, is_own: bool = False) -> np.ndarray:
    """Pixels of an image; one of our own may be changed, of one that is large each copy counts."""
    if image.width * image.height > LARGEST:
        raise PictureError(f'{name} has {image.width} x {image.height} pixels; expected at most {LARGEST}')
    if not image.width * image.height:
        raise PictureError(f'{name} has no pixels')
    image.load()
    if is_own:
        ImageOps.exif_transpose(image, in_place=True)
    else:
        image = ImageOps.exif_transpose(image)
    if image.mode in _WIDE:
        return _from_array(np.asarray(image))
    if image.mode == 'P' and 'transparency' in image.info:
        image = image.convert('RGBA')
    if image.mode == 'LA':
        image = image.getchannel(0)
    if image.mode not in ('RGB', 'RGBA'):
        image = image.convert('RGB')
    return np.ascontiguousarray(np.asarray(image)[..., :3])


def _from_array(array: np.ndarray) -> np.ndarray:
    plain = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if plain.ndim not in (2, 3) or (plain.ndim == 3 and plain.shape[2] not in (3, 4)) or not plain.size:
        raise PictureError(f'an array of shape {array.shape}; expected (H, W), or (H, W, 3) in the order BGR')
    if plain.shape[0] * plain.shape[1] > LARGEST:
        raise PictureError(f'an array of shape {array.shape}; expected at most {LARGEST} pixels')
    values = _to_bytes(plain)
    return np.ascontiguousarray(np.repeat(values[..., None], 3, 2) if values.ndim == 2 else values[..., 2::-1])


def _to_bytes(values: np.ndarray) -> np.ndarray:
    """Numbers of any kind as uint8."""
    if values.dtype == np.uint8:
        return values
    if values.dtype == bool:
        return values.astype(np.uint8) * 255
    kind, low, high = values.dtype.kind, 0.0, 0.0
    if kind not in 'iuf':
        raise PictureError(f'an array of {values.dtype}; expected uint8 or uint16')
    if kind == 'u' and values.dtype.itemsize == 2:
        return (values >> 8).astype(np.uint8)
    numbers = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(numbers.min()), float(numbers.max())
    if low >= 0 and high <= (1 if kind == 'f' else 255):
        return (numbers * (255 if kind == 'f' else 1)).round().astype(np.uint8)
    if low >= 0 and high <= 65535:
        return (numbers if high <= 255 else numbers / 256).astype(np.uint8)
    return ((numbers - low) * (255 / (high - low) if high > low else 0.0)).round().astype(np.uint8)


def find_pictures(inputs: Any) -> Iterator[Source]:
    """List the pictures of whatever was given; nothing is read yet.

    Args:
        inputs: Path of a picture, a video or a folder (with all folders in it, linked ones too), pattern such as
            ``'shots/*.png'``, number of a camera, array, PIL image, or an iterable of these.

    Yields:
        The pictures, those of a folder by name.

    Raises:
        PictureError: If nothing is there.
    """
    if isinstance(inputs, (np.ndarray, Image.Image)):
        name = str(getattr(inputs, 'filename', '') or 'picture')
        yield Source(name, lambda: read_picture(inputs))
    elif isinstance(inputs, (int, np.integer)) and not isinstance(inputs, bool) and inputs >= 0:
        yield from _frames(int(inputs), f'camera {inputs}')
    elif isinstance(inputs, (str, os.PathLike)) and os.fspath(inputs):
        yield from _from_path(os.fspath(inputs))
    elif (
        isinstance(inputs, Iterable) and not isinstance(inputs, (str, bytes, Mapping)) and not hasattr(inputs, 'detach')
    ):
        for number, one in enumerate(inputs):
            yield from _of_list(one, number)
    else:
        what = repr(inputs) if isinstance(inputs, (str, bytes, int)) else f'a {type(inputs).__name__}'
        raise PictureError(
            f'{what} is no picture; expected a path, an array (HWC, BGR), a PIL image or a list of these'
        )


def _of_list(one: Any, number: int) -> Iterator[Source]:
    """Pictures of an element of a list; what cannot be found is one that cannot be read, and the list goes on."""
    try:
        for source in find_pictures(one):
            if source.name == 'picture':
                yield source._replace(name=f'{number:06d}')
            elif _NUMBER.fullmatch(source.name):  # of a list in the list
                yield source._replace(name=f'{number:06d}_{source.name}')
            else:
                yield source
    except PictureError as error:
        yield _unreadable(f'{number:06d}' if not isinstance(one, (str, os.PathLike)) else os.fspath(one), error)


def _unreadable(name: str, error: PictureError) -> Source:
    def read() -> np.ndarray:
        """Say why."""
        raise error

    return Source(name, read)


def _from_path(path: str) -> Iterator[Source]:
    if os.path.isdir(path):
        names = sorted(
            os.path.join(folder, name)
            for folder, files in _folders(path)
            for name in files
            if name.lower().endswith(SUFFIXES)
        )
        if not names:
            raise PictureError(f'{path} holds no pictures ({", ".join(SUFFIXES)})')
    elif os.path.exists(path) or not glob.has_magic(path):
        names = [path]
    else:
        names = sorted(name for name in glob.glob(path, recursive=True) if not os.path.isdir(name))
        if not names:
            raise PictureError(f'nothing matches {path}')
    for name in names:
        if name.lower().endswith(VIDEOS):
            yield from _frames(name, name)
        else:
            yield Source(name, lambda name=name: read_picture(name))  # type: ignore[misc]


def _folders(path: str) -> Iterator[tuple[str, list[str]]]:
    """A folder and all in it with their files, links followed, each once: not what a link leads back up to."""
    start, seen = Path(path).resolve(), set()
    for folder, inner, files in os.walk(path, followlinks=True):
        real = Path(folder).resolve()
        if real in seen or real in start.parents:
            inner.clear()
            continue
        seen.add(real)
        inner.sort()
        yield folder, files


def _frames(video: int | str, name: str) -> Iterator[Source]:
    """Frames of a video or camera, read as they are asked for."""
    if find_spec('cv2') is None:
        raise PictureError(f"{name}: videos need OpenCV; install it: pip install 'mmmaskattn-runtime[video]'")
    import cv2  # only videos need it

    if isinstance(video, str) and not os.path.isfile(video):
        raise PictureError(f'there is no file {video}')
    capture = cv2.VideoCapture(video)
    try:
        if not capture.isOpened():
            raise PictureError(f'{name} cannot be opened as a video')
        number = 0
        while True:
            found, frame = capture.read()
            if not found:
                if not number:
                    raise PictureError(f'{name} has no frame that can be read')
                return
            yield Source(f'{name}#{number:06d}', lambda frame=frame: read_picture(frame))  # type: ignore[misc]
            number += 1
    finally:
        capture.release()
