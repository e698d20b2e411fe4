"""What an exported model costs on this machine: ``python -m mmmaskattn_runtime.measure FILE... [--picture PICTURE]``.

Each file is measured in a fresh process: cold start (from the start of Python to the first result), peak memory, and
the latency of a picture already decoded.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mmmaskattn_runtime.console import Parser, ends_in_one_line
from mmmaskattn_runtime.model import check_threads, load
from mmmaskattn_runtime.model_file import ModelFileError, read_info
from mmmaskattn_runtime.pictures import read_picture

REPEATS = 30
_STATUS = Path('/proc/self/status')


@dataclass(frozen=True)
class Cost:
    """What a file costs.

    Attributes:
        file: The file.
        megabytes: Its size.
        cold_start: Seconds from the start of the process to the first result, Python and libraries included.
        load: Seconds of these for loading the file.
        latency: Milliseconds for a picture, from its pixels to its result, median.
        peak: Megabytes of memory at the most.
        objects: Number found in the picture.
    """

    file: str
    megabytes: float
    cold_start: float
    load: float
    latency: float
    peak: float
    objects: int


def measure(file: str | Path, picture: str | Path | None = None, threads: int = 1, repeats: int = REPEATS) -> Cost:
    """Measure a file in a process of its own.

    Args:
        file: The exported model.
        picture: The picture; noise of the network's size by default.
        threads: Of the processor; 0 for as many as there are cores.
        repeats: Predictions of which the median is taken.

    Raises:
        ModelFileError: If the file cannot be run.
        PictureError: If the picture cannot be read.
        ValueError: If ``threads`` or ``repeats`` is not what it must be.
    """
    import subprocess  # nothing that the process whose start is measured needs

    check_threads(threads)
    if repeats < 1:
        raise ValueError(f'repeats: found {repeats}, expected 1 or more')
    read_info(file)
    if picture is not None:
        read_picture(picture)
    options = [str(file), str(picture or ''), str(threads), str(repeats)]
    start = time.time()
    words = [sys.executable, '-m', 'mmmaskattn_runtime.measure', '--child', *options, repr(start)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ModelFileError(f'{file}: measuring fails: {done.stderr.strip()[-200:]}')
    return Cost(**json.loads(done.stdout))


def _child(file: str, name: str, threads: str, repeats: str, start: str) -> None:
    """Measure in this process, and print the figures as JSON."""
    begin = time.time()
    model = load(file, threads=int(threads))
    loaded = time.time() - begin
    noise = np.random.default_rng(0).integers(0, 256, (*model.size, 3)).astype(np.uint8)
    picture = read_picture(name) if name else noise
    objects = len(model.result(picture).objects)
    cold = time.time() - float(start)
    times = []
    for _ in range(int(repeats)):
        begin = time.perf_counter()
        model.result(picture)
        times.append(time.perf_counter() - begin)
    size = Path(file).stat().st_size / 1e6
    print(json.dumps(asdict(Cost(file, size, cold, loaded, 1e3 * float(np.median(times)), _peak(), objects))))


def _peak() -> float:
    """Megabytes; what getrusage says holds also what the parent process had at the fork, so Linux's own is better."""
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith('VmHWM'):
                return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == 'darwin' else 1e3)


def table(costs: Sequence[Cost]) -> str:
    """Lay out costs as a table in Markdown."""
    rows = ['| file | MB | cold start, s | loading, s | latency, ms | peak memory, MB | objects |', '|---' * 7 + '|']
    for one in costs:
        figures = f'{one.megabytes:.1f} | {one.cold_start:.2f} | {one.load:.2f} | {one.latency:.1f} | {one.peak:.0f}'
        rows.append(f'| {Path(one.file).name} | {figures} | {one.objects} |')
    return '\n'.join(rows)


def _print(args: argparse.Namespace) -> None:
    print(table([measure(file, args.picture, args.threads, args.repeats) for file in args.files]))


def main(argv: Sequence[str] | None = None) -> None:
    """Print the costs of files.

    Args:
        argv: Words of the command line; those of the process by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ['--child']:
        ends_in_one_line(lambda: _child(*words[1:]))
        return
    parser = Parser(prog='python -m mmmaskattn_runtime.measure', description='What exported models cost here.')
    parser.add_argument('files', nargs='+', help='exported models')
    parser.add_argument('--picture', help="picture to predict for; noise of the network's size by default")
    parser.add_argument('--threads', type=int, default=1, help='threads (default 1); 0 for one a core')
    parser.add_argument('--repeats', type=int, default=REPEATS, help=f'predictions (default {REPEATS})')
    args = parser.parse_args(words)
    ends_in_one_line(lambda: _print(args), args.debug)


if __name__ == '__main__':
    main()
