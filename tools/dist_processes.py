"""Start the processes of one machine: ``torch.distributed.run``, with one line where it fails; for dist_*.sh."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Mapping, Sequence

from torch.distributed import run
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

LOST_PEER = 75
"""Exit status of a process of ours that ends because another one has gone."""
STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
ENDED = (LOST_PEER, *STOPPED, -signal.SIGINT, -signal.SIGTERM)


def main(arguments: Sequence[str]) -> int:
    """Run and wait.

    Args:
        arguments: Those of ``torch.distributed.run``.

    Returns:
        The exit status: of the process that failed, or 128 + the signal that stopped all.
    """
    logging.disable(logging.CRITICAL)  # torch's account of its own doing; the line below says what happened
    try:
        run.main(list(arguments))
    except ChildFailedError as error:
        return report(error.failures)
    except SignalException as error:
        return 128 + error.sigval
    return 0


def report(failures: Mapping[int, ProcessFailure]) -> int:
    """Say in one line which process has failed.

    Args:
        failures: By rank, those that torch saw at once.

    Returns:
        The exit status.
    """
    codes = {rank: failure.exitcode for rank, failure in failures.items()}
    # A killed one first, then one with an error of its own; the others fail, or are ended, because of it.
    rank = min(codes, key=lambda one: (codes[one] in ENDED, codes[one] >= 0, one))
    code = codes[rank]
    if code in STOPPED:
        return code
    if code < 0:
        what = f'was killed by {signal.Signals(-code).name}'
    else:
        what = f'ended with exit status {code}; what it said is above'
    print(f'Process {rank} {what}. The others were ended too.', file=sys.stderr)
    return 128 - code if code < 0 else code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
