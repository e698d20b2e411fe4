"""Full and strict decoding of picture files.

OpenCV fills the missing part of a truncated JPEG with grey and says so only on the terminal, and skips the checksums
of a PNG. Pillow refuses both, so the check decodes with Pillow.
"""

from __future__ import annotations

import io

from mmengine import fileio
from PIL import Image

_ORIENTATION_TAG = 0x0112
_ROTATED = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""


class PictureError(ValueError):
    """A picture file that is missing, empty or damaged; the message does not name it."""


def decode_strictly(path: str, backend_args: dict | None = None) -> Image.Image:
    """Decode a picture to the last byte.

    Args:
        path: The file.
        backend_args: mmengine's file backend options.

    Returns:
        The loaded picture, as it is stored (palettes kept).

    Raises:
        PictureError: If the file is missing, empty, of no known format, truncated, or its checksums do not agree.
    """
    try:
        content = fileio.get(path, backend_args=backend_args)
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise PictureError('the file is missing' if missing else f'cannot be read ({error})') from None
    if not content:
        raise PictureError('the file is empty (0 bytes)')
    try:
        with Image.open(io.BytesIO(content)) as checked:
            checked.verify()  # a PNG's checksums; the picture has to be opened anew afterwards
        picture = Image.open(io.BytesIO(content))
        picture.load()
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, zlib.error...
        reason = 'of no known picture format' if isinstance(error, Image.UnidentifiedImageError) else error
        raise PictureError(
            f'damaged picture of {len(content)} bytes ({reason}); fetch it again, or take it out of the data set'
        ) from None
    return picture


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Size of a picture as OpenCV decodes it, which turns it upright as its EXIF data says.

    Returns:
        (H, W) in pixels.
    """
    width, height = picture.size
    return (width, height) if picture.getexif().get(_ORIENTATION_TAG, 1) in _ROTATED else (height, width)
