"""What the terminal shows of what mmengine logs: what a person reads. The log file has everything.

Of several processes the first one shows it, as mmengine has it; errors show from all.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import NamedTuple

from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.logging.logger import MMFormatter

MOST_LINES = 40
"""A longer message, such as a table of 150 classes, is only named on the terminal."""
_EVALUATION = re.compile(r'(Epoch|Iter)\((val|test)\)')
_LONG_NUMBER = re.compile(r'(?<=: )\d+\.\d{3,}(?![\de])')
_RUN_NAME = 'Exp name: '  # mmengine repeats it each epoch; it is that of the log file


class Known(NamedTuple):
    """A warning of another project that tells a user nothing.

    Attributes:
        text: Regular expression for the beginning of its text.
        reason: Why nobody needs to read it.
        category: Of Python's warnings; None for what mmengine logs, which stays in the log file.
    """

    text: str
    reason: str
    category: type[Warning] | None = None


KNOWN = (
    Known('"FileClient" will be deprecated in future', "mmengine's own hooks for logs and checkpoints use this class"),
    Known('"HardDiskBackend" is the alias of "LocalBackend"', 'named by the same hooks of mmengine'),
    Known(
        'Image shapes are different in the batch',
        'mmseg says so of every batch under protocol native, and then resizes each prediction to its own image',
    ),
    Known(
        'Setting (OMP|MKL)_NUM_THREADS environment variable for each process',
        'mmengine in every process; the summary at the start says how many threads there are',
        UserWarning,
    ),
    Known('``build_loss`` would be deprecated soon', "mmseg's own heads call it", UserWarning),
    Known(
        'Default ``avg_non_ignore`` is False',
        "mmseg's default, which the semantic configs leave as mmseg's own do, so that losses compare",
        UserWarning,
    ),
    Known(
        '`broadcast_buffers` is deprecated',
        'torch; the new name of the option is not known to the older versions that the package supports',
        FutureWarning,
    ),
    Known(
        r'`torch\.cuda\.amp\.GradScaler\(args\.\.\.\)` is deprecated',
        "mmengine's AmpOptimWrapper uses it",
        FutureWarning,
    ),
)

KNOWN_PRINTS = (
    *('loading annotations into memory', 'Done (t=', 'creating index', 'index created'),  # pycocotools, of each json
    'Loads checkpoint by',  # mmengine, in every process; the summary tells the path
)
LONGEST = 300


def silence_known_warnings() -> None:
    """Have Python ignore the known warnings, in this process and in those that it forks."""
    for known in KNOWN:
        if known.category is not None:
            warnings.filterwarnings('ignore', known.text, known.category)


class TerminalFilter(logging.Filter):
    """Lets through warnings and errors, but for known ones, and what is logged once the work has begun.

    Attributes:
        started: Whether it has. Before, mmengine logs the environment, the whole config and the order of the hooks.
        held_back: What was not let through before that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.started = False
        self.held_back: list[logging.LogRecord] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the terminal shows the record."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            return not any(known.category is None and re.match(known.text, text) for known in KNOWN)
        if not self.started:
            self.held_back.append(record)
        return self.started and not text.startswith(_RUN_NAME)


class TerminalFormatter(MMFormatter):
    """Time and text alone; long texts give way to a note, and the figures of an evaluation have two decimals."""

    def __init__(self) -> None:
        super().__init__(color=True, datefmt='%m/%d %H:%M:%S')
        self.info_format = '%(asctime)s  %(message)s'

    def format(self, record: logging.LogRecord) -> str:
        """The text that the terminal shows."""
        text = record.getMessage()
        if record.levelno == logging.INFO:
            text = _for_a_person(text)
        return super().format(logging.makeLogRecord({**record.__dict__, 'msg': text, 'args': ()}))


def _for_a_person(text: str) -> str:
    lines = text.strip('\n').splitlines()
    if len(lines) > MOST_LINES:
        title = lines[0] if any(map(str.isalpha, lines[0])) else 'table'
        return f'{title} of {len(lines)} lines: in the log file'
    if _EVALUATION.match(text):
        return _LONG_NUMBER.sub(lambda number: f'{float(number[0]):.2f}', text)
    return text.rstrip('\n')


def tame_terminal(logger: MMLogger) -> TerminalFilter:
    """Have a logger show on the terminal what a person reads; a second call changes nothing.

    Args:
        logger: mmengine's; its log file is left as it is.

    Returns:
        The filter, still closed.
    """
    terminals = [one for one in logger.handlers if not isinstance(one, logging.FileHandler)]
    found = [one for handler in terminals for one in handler.filters if isinstance(one, TerminalFilter)]
    if found:
        return found[0]
    new = TerminalFilter()
    for handler in terminals:
        handler.addFilter(new)
        handler.setFormatter(TerminalFormatter())
    return new


def open_terminal(logger: MMLogger) -> None:
    """Show from now on what is logged.

    Args:
        logger: mmengine's; one that was never tamed shows everything anyhow.
    """
    for handler in logger.handlers:
        for one in handler.filters:
            if isinstance(one, TerminalFilter):
                one.started = True
                one.held_back.clear()


@contextmanager
def prints_to_log() -> Iterator[None]:
    """Send what is printed meanwhile to the log file; known lines of other projects are kept from the terminal.

    All other lines are printed again afterwards, shortened, by the first process: they may tell of weights that do
    not fit.
    """
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        lines = [line for line in printed.getvalue().splitlines() if line]
        if lines:
            MMLogger.get_current_instance().info('\n'.join(lines))
        for line in lines if is_main_process() else ():
            if not line.startswith(KNOWN_PRINTS):
                print(line if len(line) <= LONGEST else f'{line[:LONGEST]} ... (in full in the log file)')
