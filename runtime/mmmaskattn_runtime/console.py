"""The command ``python -m mmmaskattn_runtime``: an exported model on pictures, folders, videos and cameras."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from mmmaskattn_runtime.drawing import STYLES
from mmmaskattn_runtime.model import ExportedModel, load
from mmmaskattn_runtime.pictures import PictureError
from mmmaskattn_runtime.result import Result
from mmmaskattn_runtime.saving import FORMATS, Writer, check_formats

NAME = 'mmmaskattn_runtime'
INTERRUPTED = 130
EXAMPLES = """examples:
  python -m mmmaskattn_runtime nuclei.onnx cells.png --out found
  python -m mmmaskattn_runtime clothes.onnx shots --out found --formats csv maps
  python -m mmmaskattn_runtime clothes.onnx 0                       camera 0, a line for each frame
"""


class Parser(argparse.ArgumentParser):
    """argparse's parser with ``--debug``, and with errors of one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{'formatter_class': argparse.RawDescriptionHelpFormatter, **kwargs})
        self.add_argument('--debug', action='store_true', help='show where an error was raised, with the traceback')

    def error(self, message: str) -> NoReturn:
        """End the command with status 2.

        Args:
            message: What is wrong.
        """
        self.exit(2, f'{NAME}: {message} (--help lists the options)\n')


def make_parser() -> Parser:
    """Make the parser of the command."""
    parser = Parser(
        prog=f'python -m {NAME}',
        description='Label pictures and find objects with an exported model; no torch is needed.',
        epilog=EXAMPLES,
    )
    parser.add_argument('file', help='the exported model, FILE.onnx')
    parser.add_argument('input', help='picture, folder, pattern in quotes, video, or number of a camera')
    parser.add_argument('--out', help='folder for the results, absent or empty; without it they are printed alone')
    parser.add_argument('--formats', nargs='+', choices=FORMATS, help='what to write; by default all that there is')
    parser.add_argument('--style', choices=STYLES, default=STYLES[0], help='how pictures are drawn')
    parser.add_argument(
        '--score', type=float, metavar='S', help='least score of an instance, 0 to 1; panoptic maps stay as they are'
    )
    parser.add_argument(
        '--maps',
        choices=('picture', 'network'),
        default='picture',
        help="outlines at the picture's size, or, quicker, at the network's and enlarged",
    )
    parser.add_argument('--threads', type=int, default=0, help='threads; as many as there are cores by default')
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command; whatever goes wrong ends it in one line.

    Args:
        argv: Words of the command line; those of the process by default.
    """
    args = make_parser().parse_args(argv)
    ends_in_one_line(lambda: predict(args), args.debug)


def ends_in_one_line(action: Callable[[], None], debug: bool = False) -> None:
    """Run what a command does; its errors end the process with status 1, CTRL-C with 130, each in one line.

    Args:
        action: What to run.
        debug: Let errors pass, for their traceback.
    """
    try:
        action()
    except KeyboardInterrupt:
        print(f'{NAME}: interrupted', file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:
        if debug:
            raise
        what = ' '.join(str(error).split()) or 'no message'
        kind = '' if isinstance(error, (ValueError, OSError)) else f' ({type(error).__name__})'
        raise SystemExit(f'{NAME}: {what}{kind}') from None


def predict(args: argparse.Namespace) -> None:
    """Predict, print a line for each picture, and write if told where.

    Args:
        args: The options of `make_parser`.

    Raises:
        PictureError: If no picture could be read.
    """
    model = load(args.file, score=args.score, maps=args.maps, threads=args.threads)
    check_formats(args.formats, model.task)
    writer = Writer(args.out, model.classes, args.formats, args.style) if args.out is not None else None
    finished = _each(model, source_of(args.input), writer)
    for one in model.skipped:
        print(f'skipped: {one.reason}', file=sys.stderr)
    if not finished:
        raise PictureError(f'{args.input}: none of {len(model.skipped)} pictures could be read')


def source_of(word: str) -> str | int:
    """A path, or the number of a camera where there is no file of that name."""
    return int(word) if word.isascii() and word.isdecimal() and not Path(word).exists() else word


def _each(model: ExportedModel, source: str | int, writer: Writer | None) -> int:
    """Number of pictures; the tables are written also if something ends the run."""
    finished = 0
    try:
        for result, picture in model.results(source):
            print(line_of(result), flush=True)
            if writer:
                writer.add(result, picture)
            finished += 1
    finally:
        for path in writer.close() if writer else ():
            print(f'written: {path}')
    return finished


def line_of(result: Result) -> str:
    """Say in one line what was found."""
    pixels = result.size[0] * result.size[1]
    counts = [f'{number} {name}' for name, number in result.counts().items()]
    shares = [f'{name} {100 * area / pixels:.1f} %' for name, area in result.areas().items()]
    return ascii_safe(f'{result.name}: {", ".join(counts + shares) or "nothing found"}')


def ascii_safe(text: str) -> str:
    """A text that every terminal can show: what it has no sign for as an escape."""
    encoding = sys.stdout.encoding or 'ascii'
    return text.encode(encoding, 'backslashreplace').decode(encoding)
