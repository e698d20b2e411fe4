"""The problems of a run that prepares or shrinks data: printed as they come, and kept in a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

MOST_LINES = 50


class Problem(NamedTuple):
    """An image that could not be prepared, and why."""

    name: str
    message: str


class ProblemLog:
    """Prints problems as they come, up to a number of lines, and writes all of them to a file.

    Args:
        path: the file; it is there only if there are problems.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        path.unlink(missing_ok=True)

    def add(self, problem: Problem) -> None:
        """Note one problem.

        Args:
            problem: the problem.
        """
        self.problems.append(problem)
        with open(self.path, 'a', encoding='utf-8') as file:
            file.write(f'{problem.message}\n')
        if len(self.problems) <= MOST_LINES:
            print(problem.message, file=sys.stderr, flush=True)
        elif len(self.problems) == MOST_LINES + 1:
            print(f'... further problems only in {self.path}', file=sys.stderr, flush=True)
