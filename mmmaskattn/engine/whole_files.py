"""Writing of checkpoints whole or not at all, and telling whole ones from damaged ones."""

from __future__ import annotations

import errno
import os
import pickle
import zipfile
from pathlib import Path

from mmengine.fileio import register_backend
from mmengine.fileio.backends import LocalBackend

from mmmaskattn.engine.checkpoint import load_from_local
from mmmaskattn.utils.files import atomic_write

BACKEND = 'WholeFilesBackend'
NEEDED_TO_RESUME = {'meta', 'state_dict', 'message_hub', 'optimizer'}


class WholeFilesBackend(LocalBackend):
    """mmengine's local backend, which writes beside and renames, and deletes only when told that it is time.

    What is to be deleted is noted by :meth:`remove` and deleted by :meth:`remove_outdated`, so that whoever writes the
    new file first can be killed at any moment without a loss.
    """

    def __init__(self) -> None:
        self._outdated: list[str] = []

    def put(self, obj: bytes, filepath: str | os.PathLike[str]) -> None:
        """Write a whole file.

        Args:
            obj: What it shall hold.
            filepath: The file; parent folders are made.

        Raises:
            OSError: If it cannot be written; it names the file.
        """
        write_whole(filepath, obj)

    def remove(self, filepath: str | os.PathLike[str]) -> None:
        """Note a file that :meth:`remove_outdated` shall delete.

        Args:
            filepath: The file.
        """
        self._outdated.append(str(filepath))

    def remove_outdated(self, keep: tuple[str | None, ...] = ()) -> None:
        """Delete what was noted.

        Args:
            keep: Files that are not to be deleted after all, since they were written anew under the same name.
        """
        while self._outdated:
            outdated = self._outdated.pop()
            if outdated not in keep:
                Path(outdated).unlink(missing_ok=True)


register_backend(BACKEND, WholeFilesBackend, force=True)


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a whole file, or leave the one that is there.

    Args:
        path: The file.
        content: What it shall hold.

    Raises:
        OSError: If it cannot be written; it names the file, also when the disk is full.
    """
    try:
        atomic_write(path, content)
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror, str(path)) from error


def is_whole(path: Path) -> bool:
    """Say whether a training can go on from a checkpoint: every byte is there, and so is the optimizer's state.

    Args:
        path: The file; it may be absent.

    Returns:
        False for a file that is absent, cut short, damaged, foreign, or holds weights only.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return False
        return set(load_from_local(str(path), map_location='cpu')) >= NEEDED_TO_RESUME
    except (OSError, RuntimeError, EOFError, TypeError, zipfile.BadZipFile, pickle.UnpicklingError):
        return False
