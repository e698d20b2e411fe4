"""How a training ends that cannot go on: one line and an exit status, of one process or of several."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import distributed as dist

from mmmaskattn.engine.non_finite import NonFiniteError
from mmmaskattn.engine.resume import ResumeError
from mmmaskattn.engine.run_lock import WorkFolderError

DISK_ERRORS = {
    errno.ENOSPC: 'free some space',
    errno.EDQUOT: 'free some space',
    errno.EFBIG: 'raise the limit on the size of files',
    errno.EROFS: 'name another folder by --work-dir',
    errno.EACCES: 'name another folder by --work-dir',
    errno.EPERM: 'name another folder by --work-dir',
}
LOST_PEER = 75
"""Exit status of a process whose partner is gone; the one that names the culprit is not this."""
_PEER_GONE = ('Connection closed by peer', 'Connection reset by peer', 'Broken pipe', 'gloo/transport')


@contextmanager
def one_line_endings(work_dir: Path) -> Iterator[None]:
    """Turn what can go wrong in a sound training into one line on stderr and an exit status.

    These are: a loss or a weight that is not finite, a resume that is refused, a folder in use, a disk that is full
    or read-only, another process that has gone. All other errors pass.

    Args:
        work_dir: Folder of the training, for errors that name no file.

    Raises:
        SystemExit: With the line, or with the status of a stop by a signal.
    """
    raises, logging.raiseExceptions = logging.raiseExceptions, False  # a full disk: no traceback for each log line
    try:
        yield
    except (NonFiniteError, ResumeError, WorkFolderError) as error:
        _end(str(error))
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        _end(_disk_line(error, work_dir))
    except RuntimeError as error:
        if not _peer_is_gone(error):
            raise
        _end(LOST_PEER)
    except SystemExit as error:
        _end(error.code)
    finally:
        logging.raiseExceptions = raises


def _disk_line(error: OSError, work_dir: Path) -> str:
    place = error.filename or f'a file in {work_dir}'
    return (
        f'{place} cannot be written: {error.strerror}. What was saved before is whole; '
        f'{DISK_ERRORS[error.errno or 0]}, and go on with --resume.'
    )


def _peer_is_gone(error: RuntimeError) -> bool:
    several = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
    return several and (isinstance(error, dist.DistError) or any(sign in str(error) for sign in _PEER_GONE))


def _end(code: str | int | None) -> None:
    """Leave; of several processes at once, since threads of the group that still run would abort the interpreter."""
    if not (dist.is_available() and dist.is_initialized()):
        raise SystemExit(code) from None
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    if code == LOST_PEER and 'TORCHELASTIC_RUN_ID' not in os.environ:
        print(f'Process {dist.get_rank()}: another process has gone, so this one ends too.', file=sys.stderr)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)
