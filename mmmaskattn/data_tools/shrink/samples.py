"""Shrinking of the images, label maps and panoptic pictures of a sample."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from mmmaskattn.data_tools.pictures import PictureError, decode_strictly
from mmmaskattn.data_tools.run_state import Problem
from mmmaskattn.data_tools.segments import label_png
from mmmaskattn.data_tools.shrink.layouts import ANY_LABEL, VOID_LABEL, LabelFiles, Split
from mmmaskattn.datasets.panoptic_png import id_to_rgb
from mmmaskattn.datasets.transforms.load_low_res_image import decode_image
from mmmaskattn.datasets.transforms.load_seg_map import check_labels
from mmmaskattn.datasets.transforms.low_res_resize import resize_image, resize_labels
from mmmaskattn.datasets.transforms.picture_file import (
    MAX_PIXELS,
    exif_orientation,
    read_picture,
    refuse_unknown,
    turn_upright,
    upright_size,
)
from mmmaskattn.utils.files import atomic_write, path_inside, walk_files


def read_image(path: Path, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decode an image as the pipelines do, but refuse a damaged one.

    Returns:
        uint8 (H, W, 3), BGR, upright.

    Raises:
        PictureError: If the file is missing, damaged, truncated or too large; the message does not name it.
        ValueError: If it is no image of 8 or 16 bits; named in the message.
    """
    decode_strictly(str(path), max_pixels=max_pixels)  # OpenCV would fill up a truncated JPEG with grey
    content, header = read_picture(str(path), max_pixels=max_pixels)
    refuse_unknown(path, content, header)
    return decode_image(str(path), content)


def colour_bmp(picture: np.ndarray) -> bytes:
    """Encode colours as a BMP: read ten to twenty times as fast as a PNG, compressed or not.

    Decoders go by the content, so it may stand in a file named .jpg or .png.

    Args:
        picture: uint8 (H, W, 3), BGR.

    Returns:
        The file's content: 3 bytes a pixel and 54.
    """
    encoded, content = cv2.imencode('.bmp', np.ascontiguousarray(picture))
    if not encoded:
        raise ValueError(f'a picture of {picture.shape} ({picture.dtype}) could not be encoded as BMP.')
    return content.tobytes()


def shrunk_image(image: np.ndarray, size: tuple[int, int]) -> bytes:
    """Resize an image by area, as `LowResResize` does, and encode it without loss.

    Args:
        image: uint8 (H, W, 3), BGR.
        size: Target (H, W).

    Returns:
        A BMP.
    """
    return colour_bmp(resize_image(image, size))


def panoptic_picture(ids: np.ndarray) -> bytes:
    """Encode an id map as a picture of COCO's panoptic format, for speed and not for size.

    Args:
        ids: Integer (H, W), 0 = void.

    Returns:
        A BMP.
    """
    return colour_bmp(id_to_rgb(ids)[..., ::-1])


def shrunk_labels(picture: Image.Image, size: tuple[int, int]) -> bytes:
    """Turn a label picture upright and resize it by exact pixel centres; depth, channels and palette stay.

    Args:
        picture: Labels as stored: one channel of 8 or 16 bits, a palette, or colours.
        size: Target (H, W).

    Returns:
        A PNG.
    """
    upright = turn_upright(np.asarray(picture), exif_orientation(picture))
    labels = np.ascontiguousarray(resize_labels(upright, size))
    if picture.mode in ('L', 'I;16', 'I'):
        return label_png(labels if labels.dtype != np.int32 else labels.astype(np.uint16))
    if picture.mode == 'RGB':
        return label_png(labels[..., ::-1])
    small = Image.fromarray(labels)
    if picture.mode == 'P':
        small.putpalette(picture.getpalette('RGB') or [])
    content = io.BytesIO()
    small.save(content, 'PNG')
    return content.getvalue()


def is_current(made: Path, source: Path) -> bool:
    """Whether a file was made after its source last changed. Files are written whole, so it is not looked into.

    Args:
        made: The file made.
        source: What it was made from.

    Returns:
        True if so; False if either is missing.
    """
    try:
        return made.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except FileNotFoundError:
        return False


class Sample(NamedTuple):
    """An image and its label pictures, as paths under the data root.

    Attributes:
        image: The image.
        labels: Each label picture and the highest label that it may hold.
    """

    image: str
    labels: tuple[tuple[str, int], ...] = ()


class Pairing(NamedTuple):
    """What a split's folders hold.

    Attributes:
        samples: One for each image, in the order of the names.
        problems: Label pictures without an image.
        unused: Number of files of each other kind that the copy will lack, by the end of the name.
    """

    samples: list[Sample]
    problems: list[Problem]
    unused: dict[str, int]


def pair_files(root: Path, split: Split) -> Pairing:
    """List a split's images with the label pictures that they should have.

    Returns:
        The samples. A kind of label of which there is no file at all is not expected.
    """
    images = sorted(_files(root / split.images, split.suffixes))
    stems = {stem for stem, _ in images}
    problems: list[Problem] = []
    expected: list[LabelFiles] = []
    for labels in split.labels:
        found = {stem for stem, _ in _files(root / labels.folder, (labels.suffix,))}
        expected += [labels] * bool(found)
        for stem in sorted(found.difference(stems)):
            path = root / labels.folder / f'{stem}{labels.suffix}'
            image = f'{split.images}/{stem}{split.suffixes[0]}'
            problems.append(Problem(stem, f'{path}: its image {image} is missing. Fetch it, or remove the labels.'))
    samples = [
        Sample(
            f'{split.images}/{stem}{suffix}',
            tuple((f'{labels.folder}/{stem}{labels.suffix}', labels.highest) for labels in expected),
        )
        for stem, suffix in images
    ]
    return Pairing(samples, problems, _unused_files(root, split))


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield paths of files under a folder, links followed: what comes before the suffix, and the suffix."""
    for path in walk_files(folder):
        suffix = next((one for one in suffixes if path.endswith(one)), None)
        if suffix is not None and not path.rpartition('/')[2].startswith('.'):
            yield path[: len(path) - len(suffix)], suffix


def _unused_files(root: Path, split: Split) -> dict[str, int]:
    """Count files in a split's folders that are neither its images nor its labels."""
    endings: dict[str, list[str]] = {split.images: list(split.suffixes)}
    for labels in split.labels:
        endings.setdefault(labels.folder, []).append(labels.suffix)
    counts: dict[str, int] = {}
    for folder, known in endings.items():
        for name, _ in _files(root / folder, ('',)):
            if not name.endswith(tuple(known)):
                kind = f'{folder}/**/*{Path(name).suffix or Path(name).name}'
                counts[kind] = counts.get(kind, 0) + 1
    return counts


def shrink_sample(source: Path, target: Path, size: tuple[int, int], max_pixels: int, sample: Sample) -> bool | Problem:
    """Make one image and its label pictures small; all of them or, if one is damaged, none.

    Args:
        source: Data root.
        target: Root of the copy.
        size: (H, W) of the copy.
        max_pixels: The most pixels that a picture may have.
        sample: The files.

    Returns:
        True if it was written now, False if it was there already, or what is wrong with it.
    """
    paths = [sample.image, *(path for path, _ in sample.labels)]
    try:
        targets = [path_inside(target, path) for path in paths]
    except ValueError as error:
        return Problem(sample.image, str(error))
    if all(is_current(made, source / path) for made, path in zip(targets, paths)):
        return False
    path = paths[0]
    try:
        image = read_image(source / path, max_pixels)
        contents = []
        for path, highest in sample.labels:
            contents.append(_shrunk_label_file(source / path, size, image.shape[:2], highest, max_pixels))
    except (ValueError, OSError) as error:
        # An earlier run may have made them from sources that have changed since.
        for stale in targets:
            stale.unlink(missing_ok=True)
        text = str(error).removeprefix(f'{source / path}: ')
        return Problem(sample.image, f'{source / path}: {text}')
    for made, content in zip(targets[1:], contents):
        atomic_write(made, content)
    atomic_write(targets[0], shrunk_image(image, size))
    return True


def _shrunk_label_file(
    path: Path, size: tuple[int, int], image_size: tuple[int, int], highest: int, max_pixels: int
) -> bytes:
    """Read, check and shrink one label picture."""
    picture = decode_strictly(str(path), max_pixels=max_pixels)
    found = upright_size(picture)
    if found != tuple(image_size):
        raise PictureError(f'{found} (height, width), but its image is {tuple(image_size)}. Expected the same.')
    labels = np.asarray(picture)
    if highest < ANY_LABEL:
        check_labels(labels, path)
    elif labels.dtype.kind not in 'bui':
        raise PictureError(f'labels of {labels.dtype}, expected whole numbers.')
    wrong = np.unique(labels[(labels < 0) | ((labels > highest) & (labels != VOID_LABEL))]).tolist()
    if wrong:
        raise PictureError(f'labels {wrong}, expected 0 to {highest} or {VOID_LABEL}.')
    return shrunk_labels(picture, size)
