"""What the check finds: one line each."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong with the data or the config.

    Attributes:
        where: The file, or the config's option.
        what: What was found and what was expected, in one line.
        fatal: Training would fail, or would train on what is not there; otherwise it is a note.
    """

    where: str
    what: str
    fatal: bool = True

    def __str__(self) -> str:
        kind = 'error' if self.fatal else 'note'
        return f'{kind}: {self.where}: {" ".join(self.what.split())}'


def from_exception(where: str, error: BaseException) -> Problem:
    """Turn an exception into a problem of one line that names the place once.

    Args:
        where: The file, or the config's option.
        error: What was raised there.
    """
    text = ' '.join(str(error).split()) or type(error).__name__
    if isinstance(error, KeyError):
        text = f'no entry {text}'
    return Problem(where, text.removeprefix(f'{where}: '))
