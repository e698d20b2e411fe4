"""A folder of mixed pictures, some of them broken, through ``mmmaskattn predict``: time, memory, what is said.

python tests/soak/soak_predict.py --pictures 1000 --broken 10 --model tiny_dsb2018_panoptic
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = ((128, 128), (97, 203), (240, 180), (33, 500), (512, 512), (1, 1), (600, 800))
KINDS = ('RGB.png', 'RGB.jpg', 'L.png', 'RGBA.png', 'P.png', 'I;16.png', 'LA.png', 'RGB.bmp', 'L.tif', 'RGB.webp')


def draw_cells(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Bright blobs on dark ground, uint8 (H, W)."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    picture = rng.integers(0, 25, size).astype(np.float32)
    for _ in range(int(rng.integers(0, 12))):
        y, x, radius = rng.uniform(0, size[0]), rng.uniform(0, size[1]), max(2.0, min(size) * rng.uniform(0.04, 0.1))
        picture[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] += rng.uniform(80, 180)
    return picture.clip(0, 255).astype(np.uint8)


def write_pictures(folder: Path, pictures: int, broken: int) -> None:
    """Write the folder; the broken ones are cut short, empty, or text."""
    rng = np.random.default_rng(0)
    for number in range(pictures):
        mode, suffix = KINDS[number % len(KINDS)].split('.')
        grey = draw_cells(rng, SIZES[number % len(SIZES)])
        image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == 'I;16' else Image.fromarray(grey).convert(mode)
        image.save(folder / f'{number:05d}.{suffix}')
    files = sorted(folder.iterdir())
    for number in range(broken):
        path = files[number * len(files) // max(1, broken)]
        content = path.read_bytes()
        path.write_bytes((content[: len(content) // 2], b'', b'no picture')[number % 3])


def main(argv: Sequence[str] | None = None) -> None:
    """Draw, predict, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--pictures', type=int, default=1000)
    parser.add_argument('--broken', type=int, default=10)
    parser.add_argument('--model', default='tiny_dsb2018_panoptic')
    parser.add_argument('--weights')
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, 'pictures')
        folder.mkdir()
        write_pictures(folder, args.pictures, args.broken)
        words = [
            sys.executable,
            '-m',
            'mmmaskattn',
            'predict',
            folder,
            '--model',
            args.model,
            '--out',
            Path(name, 'out'),
        ]
        start = time.perf_counter()
        words += ['--out', Path(name, 'out'), *(['--weights', args.weights] if args.weights else [])]
        done = subprocess.run([str(word) for word in words], text=True, capture_output=True, check=False)
        seconds = time.perf_counter() - start
        drawn = len(list(Path(name, 'out', 'pictures').iterdir())) if done.returncode == 0 else 0
    print(done.stdout, done.stderr[-1500:])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f'{args.pictures} pictures, {args.broken} of them broken: {drawn} drawn, {seconds:.0f} s, peak {peak:.2f} GB')
    if drawn != args.pictures - args.broken:
        raise SystemExit('not all whole pictures were drawn')


if __name__ == '__main__':
    main()
