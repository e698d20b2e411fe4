"""Which label files belong to which picture, by their names."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from mmmaskattn.utils.files import walk_files
from mmmaskattn_runtime.pictures import SUFFIXES

NUMBERED = re.compile(r'[_\-. ]*(mask|object|obj|instance|inst)?[_\-. ]*\d+$', re.IGNORECASE)
SHOWN = 3


def list_files(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Files below a folder by the ends of their names, whatever their case; hidden ones are passed over.

    Args:
        folder: The folder.
        suffixes: With the dot, in lower case.

    Returns:
        Paths relative to the folder, with ``/``, sorted.
    """
    names = (name for name in walk_files(folder) if not any(part.startswith('.') for part in name.split('/')))
    return sorted(name for name in names if name.lower().endswith(suffixes))


def list_pictures(folder: Path, option: str) -> list[str]:
    """List pictures, see `list_files`.

    Args:
        folder: The folder.
        option: Which option named it.

    Raises:
        FileNotFoundError: If it is absent, or has none.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f'{option} {folder}: no such folder; name the folder of your pictures')
    names = list_files(folder, SUFFIXES)
    if not names:
        raise FileNotFoundError(
            f'{option} {folder}: no picture in it or below; expected files named {", ".join(SUFFIXES)}'
        )
    return names


def stem_of(name: str) -> str:
    """A path without the suffix of its file."""
    return str(PurePosixPath(name).with_suffix(''))


@dataclass
class Pairing:
    """Label files by picture.

    Attributes:
        one: The label file of each picture, where there is one for each.
        rest: What the names of these have after the picture's stem, as ``_mask``; None if it is not the same for all.
        many: Files of each picture, one an object, if that is the layout.
        unlabelled: Pictures without label.
        unpaired: Label files without picture.
    """

    one: dict[str, str] = field(default_factory=dict)
    rest: str | None = None
    many: dict[str, list[str]] = field(default_factory=dict)
    unlabelled: list[str] = field(default_factory=list)
    unpaired: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """What has no partner, in a line each."""
        lines = []
        for what, names in (
            ('pictures without labels', self.unlabelled),
            ('label files without picture', self.unpaired),
        ):
            if names:
                shown = ', '.join(names[:SHOWN]) + (', ...' if len(names) > SHOWN else '')
                lines.append(f'{len(names)} {what}: {shown}')
        return lines


def pair_up(images: list[str], labels: list[str], where: str) -> Pairing:
    """Find the picture of each label file.

    ``NAME.png`` and ``NAME_anything.png`` belong to ``NAME.jpg``; of several pictures that fit, the longest name is
    meant. Files ``NAME/anything`` and ``NAME_7.png`` are one an object.

    Args:
        images: Pictures, relative to their folder.
        labels: Label files, relative to theirs.
        where: The folder of labels, for errors.

    Returns:
        The pairs.

    Raises:
        ValueError: If no file has a picture, or a picture has several that are not numbered.
    """
    by_stem = {stem_of(name): name for name in reversed(images)}
    found: dict[str, list[tuple[str, str]]] = {}
    unpaired = []
    for label in labels:
        stem, rest = _owner(stem_of(label), by_stem)
        if stem is None:
            unpaired.append(label)
        else:
            found.setdefault(by_stem[stem], []).append((label, rest))
    if not found:
        raise ValueError(
            f'--labels {where}: none of its {len(labels)} files has the name of a picture, such as {labels[0]!r} '
            f'beside {images[0]!r}; expected NAME.*, NAME_anything.*, or a folder NAME for the picture NAME'
        )
    rests = Counter(rest for files in found.values() for _, rest in files)
    by_object = any(_is_of_object(rest, len(files)) for files in found.values() for _, rest in files)
    result = Pairing(unlabelled=[name for name in images if name not in found], unpaired=unpaired)
    if by_object:
        result.many = {image: [label for label, _ in files] for image, files in found.items()}
        return result
    wanted = rests.most_common(1)[0][0]
    for image, files in found.items():
        fitting = files if len(files) == 1 else [one for one in files if one[1] == wanted]
        if len(fitting) != 1:
            names = ', '.join(label for label, _ in files[:SHOWN])
            raise ValueError(
                f'--labels {where}: the picture {image} has {len(files)} label files ({names}); expected one, or one '
                f'an object, numbered: NAME_1.png, NAME_2.png'
            )
        result.one[image] = fitting[0][0]
        result.unpaired += [label for label, _ in files if label != fitting[0][0]]
    used = {stem_of(label)[len(stem_of(image)) :] for image, label in result.one.items()}
    result.rest = used.pop() if len(used) == 1 else None
    return result


def _is_of_object(rest: str, count: int) -> bool:
    """Whether a file is one of several objects of a picture."""
    return rest.startswith('/') or (count > 1 and NUMBERED.fullmatch(rest) is not None)


def _owner(stem: str, pictures: dict[str, str]) -> tuple[str | None, str]:
    """The picture's stem that a label's begins with, and what the label has after it."""
    if stem in pictures:
        return stem, ''
    for end in range(len(stem) - 1, 0, -1):
        if not stem[end].isalnum() and stem[:end] in pictures:
            return stem[:end], stem[end:]
    return None, ''
