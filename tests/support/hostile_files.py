"""Files that are damaged, odd or meant to harm, written small: of pictures, and of COCO jsons."""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (24, 32)
"""(H, W) of the image and its truth."""
COLOURS = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
LABELS = np.zeros(SIZE, np.uint8)
LABELS[5:15, 6:20] = 1
IDS = LABELS.astype(np.int32) + 1
Writer = Callable[[Path], object]


def encoded(array: np.ndarray, kind: str = 'PNG', mode: str | None = None, **options) -> bytes:
    """A picture file's content."""
    picture = Image.fromarray(array)
    content = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(content, kind, **options)
    return content.getvalue()


def exif(orientation: object) -> bytes:
    """EXIF data that say how to turn a picture."""
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def content(data: bytes) -> Writer:
    """Write these bytes."""
    return lambda path: path.write_bytes(data)


def png_of_size(width: int, height: int, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG whose header states a size, with one row of pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))

    header = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0)
    return (
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(bytes(99))) + chunk(b'IEND', b'')
    )


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG whose header states another size than it has."""
    data = bytearray(encoded(COLOURS, 'JPEG'))
    place = data.index(b'\xff\xc0') + 5
    data[place : place + 4] = struct.pack('>HH', height, width)
    return bytes(data)


def flipped(data: bytes) -> bytes:
    """One byte in the middle changed."""
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 85]) + data[len(data) // 2 + 1 :]


def cut(data: bytes) -> bytes:
    """The second half is missing."""
    return data[: len(data) // 2]


def palette(indices: np.ndarray, colours: list[int], **options) -> bytes:
    """A palette PNG."""
    picture = Image.fromarray(indices)
    picture.putpalette(colours)
    file = io.BytesIO()
    picture.save(file, 'PNG', **options)
    return file.getvalue()


NO_FILES: dict[str, Writer] = {
    'missing': lambda path: None,
    'empty': content(b''),
    'text': content(b'<html>404</html>'),
    'zip': content(b'PK\x03\x04' + bytes(50)),
    'pickle': content(b'\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07builtins.'),
    'folder': lambda path: path.mkdir(),
    'pipe': lambda path: os.mkfifo(path),
    'endless device': lambda path: path.symlink_to('/dev/zero'),
    'terminal': lambda path: path.symlink_to('/dev/tty'),
    'link to itself': lambda path: path.symlink_to(path),
    'broken link': lambda path: path.symlink_to(path.with_name('gone')),
    'PNG of 20000x20000': content(png_of_size(20000, 20000, 1)),
    'PNG of 2^31': content(png_of_size(2**31 - 1, 2**31 - 1)),
    'PNG of no height': content(png_of_size(10, 0)),
    'PNG of one row': content(png_of_size(30, 30)),
    'JPEG of 65500x65500': content(jpeg_of_size(65500, 65500)),
}
"""What neither an image nor a truth can be."""

_PNG, _JPEG = encoded(COLOURS), encoded(COLOURS, 'JPEG')
IMAGES: dict[str, Writer] = {
    **{f'{name} as image': writer for name, writer in NO_FILES.items()},
    'PNG': content(_PNG),
    'JPEG': content(_JPEG),
    'cut JPEG': content(cut(_JPEG)),
    'cut PNG': content(cut(_PNG)),
    'flipped PNG': content(flipped(_PNG)),
    'JPEG header': content(_JPEG[:20]),
    'grey of 16 bits': content(encoded(COLOURS[..., 0].astype(np.uint16) * 257)),
    'grey of 12 bits in 16': content(encoded(COLOURS[..., 0].astype(np.uint16) * 14)),
    'palette': content(encoded(COLOURS, mode='P')),
    'palette with transparency': content(palette(LABELS, [255, 0, 0, 0, 255, 0], transparency=0)),
    'alpha': content(encoded(COLOURS, mode='RGBA')),
    'grey and alpha': content(encoded(COLOURS, mode='LA')),
    'one bit': content(encoded(COLOURS, mode='1')),
    'CMYK': content(encoded(COLOURS, 'JPEG', 'CMYK')),
    'float TIFF': content(encoded(COLOURS[..., 0].astype(np.float32), 'TIFF')),
    'TIFF of 32 bits': content(encoded(COLOURS[..., 0].astype(np.int32), 'TIFF')),
    'WebP': content(encoded(COLOURS, 'WEBP')),
    'GIF': content(encoded(COLOURS, 'GIF')),
    'TGA': content(encoded(COLOURS, 'TGA')),
    'ICO': content(encoded(COLOURS, 'ICO')),
    'EXIF without end': content(encoded(COLOURS, 'JPEG', exif=exif(1)[:9] + b'\xff' * 30)),
    'EXIF orientation 99': content(encoded(COLOURS, 'JPEG', exif=exif(99))),
    'EXIF orientation 3': content(encoded(COLOURS, 'JPEG', exif=exif(3))),
    'another size': content(encoded(COLOURS[:20])),
}
_GREY = encoded(LABELS)
LABEL_MAPS: dict[str, Writer] = {
    **{f'{name} as labels': writer for name, writer in NO_FILES.items()},
    'labels': content(_GREY),
    'cut labels': content(cut(_GREY)),
    'palette labels': content(palette(LABELS, [0, 0, 0, 9, 9, 9])),
    'labels of one bit': content(encoded(LABELS > 0)),
    'labels of 16 bits': content(encoded(LABELS.astype(np.uint16))),
    'large labels of 16 bits': content(encoded(LABELS.astype(np.uint16) * 1000)),
    'labels of 0 and 255': content(encoded(LABELS * 255)),
    'labels 0, 0.5, 1': content(encoded(LABELS / np.float32(2), 'TIFF')),
    'labels of 32 bits': content(encoded(LABELS.astype(np.int32), 'TIFF')),
    'labels below 0': content(encoded(-LABELS.astype(np.int32), 'TIFF')),
    'colour labels': content(encoded(COLOURS)),
    'labels with alpha': content(encoded(LABELS, mode='LA')),
    'labels of another size': content(encoded(LABELS[:9])),
    'labels out of range': content(encoded(LABELS * 200)),
    'labels turned by EXIF': content(encoded(np.rot90(LABELS).copy(), exif=exif(6))),
}
_CODED = np.stack([IDS & 255, IDS >> 8, IDS >> 16], 2).astype(np.uint8)
PANOPTIC: dict[str, Writer] = {
    **{f'{name} as ids': writer for name, writer in NO_FILES.items()},
    'ids': content(encoded(_CODED)),
    'cut ids': content(cut(encoded(_CODED))),
    'palette ids': content(palette(LABELS, [1, 0, 0, 2, 0, 0])),
    'ids with alpha': content(encoded(_CODED, mode='RGBA')),
    'grey ids': content(encoded(IDS.astype(np.uint8))),
    'grey ids of 16 bits': content(encoded(IDS.astype(np.uint16))),
    'float ids': content(encoded(IDS.astype(np.float32), 'TIFF')),
    'ids of another size': content(encoded(_CODED[:9])),
    'unknown ids': content(encoded(_CODED * 9)),
    'ids turned by EXIF': content(encoded(np.rot90(_CODED).copy(), exif=exif(6))),
}


def one_instance() -> dict:
    mask = [[6, 5, 20, 5, 20, 15, 6, 15]]
    return dict(
        images=[dict(id=1, file_name='a.png', height=SIZE[0], width=SIZE[1])],
        annotations=[dict(id=3, image_id=1, category_id=2, bbox=[6, 5, 14, 10], segmentation=mask, iscrowd=0)],
        categories=[dict(id=2, name='cell')],
    )


def _changed(section: str, **values) -> bytes:
    whole = one_instance()
    whole[section][0].update(values)
    return json.dumps(whole).encode()


def _replaced(**parts) -> bytes:
    return json.dumps({**one_instance(), **parts}).encode()


def _mask(segmentation: object) -> bytes:
    return _changed('annotations', segmentation=segmentation)


_TEXT = json.dumps(one_instance()).encode()
JSONS: dict[str, Writer] = {
    **{
        f'{name} as json': NO_FILES[name]
        for name in ('missing', 'empty', 'zip', 'pickle', 'folder', 'pipe', 'endless device', 'link to itself')
    },
    **{
        name: content(data)
        for name, data in {
            'json': _TEXT,
            'json with a mark of its order': b'\xef\xbb\xbf' + _TEXT,
            'cut json': cut(_TEXT),
            'json of Latin-1': _TEXT.replace(b'cell', b'c\xe9ll'),
            'json of UTF-16': _TEXT.decode().encode('utf-16'),
            'json of a list': b'[]',
            'json of null': b'null',
            'json of brackets': b'{"images":' + b'[' * 100_000,
            'number without end': b'{"images":' + b'9' * 100_000,
            'null among images': _replaced(images=[None]),
            'null among annotations': _replaced(annotations=[None]),
            'categories of text': _replaced(categories=['cell']),
            'images as object': _replaced(images={'1': {}}),
            'no images': _replaced(images=[]),
            'height null': _changed('images', height=None),
            'height of text': _changed('images', height='24'),
            'height with a point': _changed('images', height=24.0),
            'height of 10^12': _changed('images', height=10**12),
            'id of text': _changed('images', id='x'),
            'id of a list': _changed('images', id=[1]),
            'id of 10^30': _changed('images', id=10**30),
            'name upwards': _changed('images', file_name='../../x.png'),
            'name from the root': _changed('images', file_name='/etc/passwd'),
            'name with null byte': _changed('images', file_name='a\0.png'),
            'box null': _changed('annotations', bbox=None),
            'box empty': _changed('annotations', bbox=[]),
            'box of NaN': _changed('annotations', bbox=[float('nan')] * 4),
            'crowd of text': _changed('annotations', iscrowd='0'),
            'unknown category': _changed('annotations', category_id=9),
            'unknown image': _changed('annotations', image_id=9),
            'mask null': _mask(None),
            'mask empty': _mask([]),
            'flat polygon': _mask([0, 0, 9, 0, 9, 9]),
            'polygon of NaN': _mask([[float('nan')] * 6]),
            'polygon of 10^30': _mask([[0, 0, 9, 0, 9, 1e30]]),
            'polygon of two points': _mask([[0, 0, 9, 9]]),
            'polygon in fractions': _mask([[0, 0, 0.5, 0, 0.5, 0.5]]),
            'code cut short': _mask(dict(size=SIZE, counts=[7, 9])),
            'code too long': _mask(dict(size=SIZE, counts=[7, 10**9])),
            'code of another size': _mask(dict(size=[9, 9], counts=[81])),
            'code of text': _mask(dict(size=SIZE, counts='???')),
            'code of endless text': _mask(dict(size=SIZE, counts='o' * 50)),
            'code below 0': _mask(dict(size=SIZE, counts=[-5, 773])),
        }.items()
    },
}
