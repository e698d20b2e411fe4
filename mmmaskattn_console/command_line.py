"""What all command-line tools share: their parser, and an end in one line.

A tool's ``main`` bears `ends_in_one_line`, so that whatever goes wrong is said as ``tool: message`` on standard error;
``--debug``, an option of every `OneLineParser`, shows the traceback instead.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Callable, NoReturn, TypeVar

Main = TypeVar('Main', bound=Callable[..., Any])
DEBUG = '--debug'
OURS = Path(__file__).resolve().parents[1]
RUNTIME = Path(str(find_spec('mmmaskattn_runtime').origin)).parent  # type: ignore[union-attr]
ROOMS = (OURS / 'mmmaskattn', OURS / 'mmmaskattn_console', OURS / 'tools', RUNTIME)
EXPECTED = (ValueError, TypeError, LookupError, OSError, RuntimeError, ImportError, UnpicklingError)
LONGEST_FOREIGN = 500
INTERRUPTED = 130
SECONDS_FOR_THE_FIRST = 2.0
"""How long a failing process waits for the first to fail in the same way, and to be ended with it."""


class OneLineParser(argparse.ArgumentParser):
    """argparse's parser with ``--debug``, and with errors of one line that name the nearest right option."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_argument(DEBUG, action='store_true', help='show where an error was raised, with the traceback')

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does.

        Args:
            args: Words; those of the process by default.
            namespace: As argparse has it.

        Returns:
            The options.
        """
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(f'unknown argument {" ".join(unknown)}{nearest(unknown[0], self._option_names())}')
        return options

    def error(self, message: str) -> NoReturn:
        """End the command with status 2.

        Args:
            message: What is wrong.
        """
        self.exit(2, f'{self.prog}: {one_line(message)} ({self.prog} --help lists the options)\n')

    def _option_names(self) -> list[str]:
        names = [name for name in self._option_string_actions if name.startswith('--')]
        for action in self._actions:
            for parser in (action.choices or {}).values() if isinstance(action, argparse._SubParsersAction) else ():
                names += parser._option_string_actions
        return names


def tool_parser(description: str, examples: str) -> OneLineParser:
    """Make a parser whose help ends with examples.

    Args:
        description: What the tool does.
        examples: Commands, laid out as they are to be shown.

    Returns:
        The parser, with no options yet.
    """
    return OneLineParser(description=description, **ending_in(examples))


def ending_in(examples: str) -> dict[str, Any]:
    """What an argument parser takes so that its help ends with examples, laid out as they are."""
    return dict(epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter)


def nearest(word: str, names: Sequence[str], cutoff: float = 0.6) -> str:
    """Find what was meant.

    Args:
        word: A name that does not exist.
        names: Those that do.
        cutoff: How alike they must be, 0 to 1.

    Returns:
        ``; did you mean NAME?``, or nothing if none is near.
    """
    found = difflib.get_close_matches(word, names, n=1, cutoff=cutoff)
    return f'; did you mean {found[0]}?' if found else ''


def one_line(text: str) -> str:
    """Join the lines of a text; of an error that came with a traceback from a worker process, take its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any('Traceback (most recent call last)' in line for line in lines):
        lines = lines[-1:]
    return ' '.join(lines)


def describe(error: BaseException) -> str:
    """Say in one line what went wrong.

    Errors that the package raises itself to tell users what to do are given as they are. Others, from the depths of a
    library or from a mistake in the code, come with their type and place.

    Args:
        error: What was raised. Where mmengine has put a frame around an error of ours, that is told alone.

    Returns:
        The line, without the tool's name.
    """
    for one in _chain(error):
        if isinstance(one, EXPECTED) and not isinstance(one, (TypeError, NotImplementedError)) and _is_ours(one):
            return one_line(_message(one))
    if isinstance(error, OSError) and error.filename:
        return one_line(f'{error.filename}: {error.strerror}{_place_outside(error)}')
    text = one_line(_message(error))
    if unknown := re.match(r'(\S+) is not in the (\S+) registry', text):
        return f'there is no {unknown[1]} in the registry {unknown[2]}{nearest(unknown[1], registered_names())}'
    text = text if len(text) <= LONGEST_FOREIGN else f'{text[:LONGEST_FOREIGN]} ...'
    return f'{text or "no message"} ({type(error).__name__} in {_place(error)}; {DEBUG} shows more)'


def registered_names() -> list[str]:
    """Every name that a ``type`` can have, with the scope where it is not mmengine's own."""
    from mmengine.registry import Registry, root  # it takes seconds, and is there when a registry has raised an error

    names: list[str] = []
    registries = [one for one in vars(root).values() if isinstance(one, Registry)]
    while registries:
        registry = registries.pop()
        registries += registry.children.values()
        names += registry.module_dict
        names += [f'{registry.scope}.{name}' for name in registry.module_dict]
    return names


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from or upon, the outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _message(error: BaseException) -> str:
    alone = isinstance(error, KeyError) and len(error.args) == 1  # its str() is in quotes
    text = str(error.args[0]) if alone else str(error)
    return f'no {text!r} there' if alone and re.fullmatch(r'\w*', text) else text


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__))


def _is_ours(error: BaseException) -> bool:
    """Whether a ``raise`` of the package or its tools, with words of its own, is where an error comes from."""
    frames = _frames(error)
    return bool(frames) and _inside(frames[-1].filename) and (frames[-1].line or 'raise').startswith('raise')


def _inside(filename: str) -> bool:
    path = Path(filename)
    return any(path.is_relative_to(room) for room in ROOMS)


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f'{error.filename}:{error.lineno}'
    frames = _frames(error)
    return f'{Path(frames[-1].filename).name}:{frames[-1].lineno}' if frames else 'an unknown place'


def _place_outside(error: OSError) -> str:
    return '' if error.strerror else f' ({type(error).__name__} in {_place(error)})'


def ends_in_one_line(tool: str, status: int = 1) -> Callable[[Main], Main]:
    """Decorate the ``main`` of a tool: what it raises ends the process in one line.

    Of several processes the first one speaks; another one that fails alone says its number.

    Args:
        tool: The tool's name, which begins the line.
        status: Exit status after an error; 130 after CTRL-C.

    Returns:
        The decorator. The function's first argument, if any, are the words of the command line.
    """

    def decorate(main: Main) -> Main:
        """Let one tool end so."""

        @functools.wraps(main)
        def guarded(argv: Sequence[str] | None = None, *args: Any, **kwargs: Any) -> Any:
            """Run the tool; all errors end here."""
            words = sys.argv[1:] if argv is None else argv
            try:
                return main(argv, *args, **kwargs)
            except SystemExit as end:
                if not isinstance(end.code, str) or end.code.startswith(tool):
                    raise
                raise SystemExit(f'{tool}: {end.code}') from None
            except KeyboardInterrupt as error:
                _leave(f'{tool}: interrupted{"; " * bool(error.args)}{error}', INTERRUPTED)
            except Exception as error:
                if DEBUG in words:
                    raise
                _leave(f'{tool}: {describe(error)}', status)

        return guarded  # type: ignore[return-value]

    return decorate


def _leave(line: str, status: int) -> NoReturn:
    rank = int(os.environ.get('RANK', os.environ.get('SLURM_PROCID', '0')))
    if rank:
        time.sleep(SECONDS_FOR_THE_FIRST)
        line = f'process {rank}: {line}'
    dist = sys.modules.get('torch.distributed')
    if dist is not None and dist.is_available() and dist.is_initialized():
        # At once: threads of the group that still run would abort the interpreter.
        print(line, file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    if status == 1:
        raise SystemExit(line)
    print(line, file=sys.stderr)
    raise SystemExit(status)
