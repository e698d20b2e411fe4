"""Full and strict decoding of picture files.

OpenCV fills the missing part of a truncated JPEG with grey and says so only on the terminal, and skips the checksums
of a PNG. Pillow refuses both, so the check decodes with Pillow.
"""

from __future__ import annotations

import io

from PIL import Image

from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS, pillow_without_limit, read_picture


class PictureError(ValueError):
    """A picture file that is missing, empty, damaged or too large; the message does not name it."""


def decode_strictly(path: str, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a picture to the last byte.

    Args:
        path: The file.
        backend_args: mmengine's file backend options.
        max_pixels: The most pixels allowed.

    Returns:
        The loaded picture, as it is stored (palettes kept, not turned upright).

    Raises:
        PictureError: If the file is missing, no regular file, empty, of no known format, of too many pixels, truncated,
            or its checksums do not agree.
    """
    try:
        content, header = read_picture(path, backend_args, max_pixels)
    except FileNotFoundError:
        raise PictureError('the file is missing') from None
    except OSError as error:
        raise PictureError(f'cannot be read ({error})') from None
    except ValueError as error:
        raise PictureError(str(error).removeprefix(f'{path}: ')) from None
    if not content:
        raise PictureError('the file is empty (0 bytes)')
    try:
        return _decode(content, header is not None)
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, zlib.error...
        reason = 'of no known picture format' if header is None else ' '.join(str(error).split())
        raise PictureError(
            f'damaged picture of {len(content)} bytes ({reason}); fetch it again, or take it out of the data set'
        ) from None


def _decode(content: bytes, known: bool) -> Image.Image:
    """Decode, checksums compared."""
    if not known:
        raise Image.UnidentifiedImageError
    with pillow_without_limit():
        with Image.open(io.BytesIO(content)) as checked:
            checked.verify()  # a PNG's checksums; the picture has to be opened anew afterwards
        picture = Image.open(io.BytesIO(content))
        exif = picture.info.get('exif')
        picture.load()
    if exif is None:
        picture.info.pop('exif', None)  # of a PNG, data behind the pixels: no loader looks there
    return picture
