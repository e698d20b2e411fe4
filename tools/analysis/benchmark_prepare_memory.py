"""Measure the peak memory of preparing a data set, to see that it does not grow with the number of annotations.

Example: python tools/analysis/benchmark_prepare_memory.py --annotations 10000 100000

Writes an ADE20K layout of equal images into a temporary folder for each number and prepares it in a process of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: an installed package comes first

import cv2
import numpy as np

from mmmaskattn.data_tools.prepare import ade20k_splits, prepare_splits
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line

SIDE = 10
"""Distance of the instances in pixels; each is one pixel smaller."""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command's options."""
    parser = ToolParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--annotations', type=int, nargs='+', default=[10000, 100000], help='numbers to measure')
    parser.add_argument('--per-image', type=int, default=50, help='instances in each image (default 50)')
    parser.add_argument('--size', type=int, nargs=2, default=(128, 128), metavar=('H', 'W'), help='default 128 128')
    parser.add_argument('--workers', type=int, help='processes (default: one a core)')
    return parser.parse_args(argv)


def draw_annotations(size: tuple[int, int], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a semantic map and an instance map of persons before a wall.

    Args:
        size: (H, W).
        count: number of instances.

    Returns:
        uint8 (H, W), 1 = wall, 13 = person; uint8 (H, W, 3) in BGR order, red 4 = person, green = number.

    Raises:
        ValueError: they do not fit.
    """
    rows, cols = size[0] // SIDE, size[1] // SIDE
    if not 0 < count <= min(rows * cols, 255):
        raise ValueError(f'--per-image: found {count}, expected 1 to {min(rows * cols, 255)} at size {size}.')
    semantic, things = np.ones(size, np.uint8), np.zeros((*size, 3), np.uint8)
    for number in range(count):
        y, x = number // cols * SIDE, number % cols * SIDE
        things[y : y + SIDE - 1, x : x + SIDE - 1] = (0, number + 1, 4)
    semantic[things[..., 1] > 0] = 13
    return semantic, things


def write_set(root: Path, size: tuple[int, int], images: int, per_image: int) -> None:
    """Write the layout.

    Args:
        root: where.
        size: (H, W) of each image.
        images: their number.
        per_image: instances in each.
    """
    semantic, things = draw_annotations(size, per_image)
    parts = {'images': ('.jpg', things), 'annotations': ('.png', semantic), 'annotations_instance': ('.png', things)}
    for part, (suffix, picture) in parts.items():
        folder = root / part / 'training'
        folder.mkdir(parents=True)
        first = folder / f'{0:08d}{suffix}'
        cv2.imwrite(str(first), picture)
        for number in range(1, images):
            shutil.copyfile(first, folder / f'{number:08d}{suffix}')


def measure(root: Path, workers: int | None) -> None:
    """Prepare a set in this process and print its peak memory and that of its largest worker."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.monotonic()
    (report,) = prepare_splits(ade20k_splits(root, ['train']), workers)
    seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(
        f'{report.totals["instances"]} instances in {report.totals["images"]} images, {seconds:.0f} s: '
        f'main process {before / 1024:.0f} MiB before, {peak / 1024:.0f} MiB at its peak; '
        f'largest worker {worker / 1024:.0f} MiB',
        flush=True,
    )


@ends_in_one_line('benchmark_prepare_memory')
def main(argv: Sequence[str] | None = None) -> None:
    """Measure each number of annotations."""
    args = parse_args(argv)
    for count in args.annotations:
        with tempfile.TemporaryDirectory() as folder:
            write_set(Path(folder), tuple(args.size), max(1, count // args.per_image), args.per_image)
            # A process of its own: the peak of a process never goes down again.
            process = multiprocessing.get_context('spawn').Process(target=measure, args=(Path(folder), args.workers))
            process.start()
            process.join()
            if process.exitcode:
                sys.exit(f'benchmark_prepare_memory: the measured process ended with status {process.exitcode}')


if __name__ == '__main__':
    main()
