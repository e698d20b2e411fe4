"""What the command lines of tools share, ``--cfg-options`` among them; most of it is `mmmaskattn_console`'s."""

from __future__ import annotations

import argparse
import re
from typing import Any

from mmengine.config import DictAction

from mmmaskattn_console.command_line import (
    DEBUG,
    OneLineParser,
    describe,
    ends_in_one_line,
    nearest,
    one_line,
    registered_names,
)

__all__ = [
    'DEBUG',
    'Settings',
    'ToolParser',
    'describe',
    'ends_in_one_line',
    'nearest',
    'one_line',
    'registered_names',
]


class Settings(DictAction):
    """argparse's action of ``--cfg-options``: mmengine's, with errors that say what is wrong."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, *rest: Any) -> None:
        """Read ``key=value`` words into a dict.

        Args:
            parser: The tool's parser; it ends the command if a word is wrong.
            namespace: Where the dict goes.
            values: The words.
            *rest: The option's name.
        """
        for word in values:
            if not re.match(r'[^=\s]+=', word):
                parser.error(f'--cfg-options {word}: expected key=value, for example train_cfg.max_epochs=5')
        try:
            super().__call__(parser, namespace, values, *rest)
        except AssertionError as error:
            parser.error(f'--cfg-options {" ".join(values)}: {error}; close every bracket, and quote the word')


class ToolParser(OneLineParser):
    """The parser of the tools: with ``--cfg-options`` where they have it."""

    def add_settings(self, what: str = 'the config') -> None:
        """Add ``--cfg-options``.

        Args:
            what: Whose settings they override, for the help.
        """
        self.add_argument(
            '--cfg-options',
            nargs='+',
            action=Settings,
            metavar='KEY=VALUE',
            help=f'override settings of {what}; lists as key="[a,b]" or key=a,b, without white space',
        )
