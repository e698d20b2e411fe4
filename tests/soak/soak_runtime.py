"""Hostile or odd files and pictures through ``python -m mmmaskattn_runtime``: none may end in a traceback or a crash.

python tests/soak/soak_runtime.py --inputs 500 [--file nuclei.onnx]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))

from exported_files import make_model, metadata

SLOWEST = 120
ODD_VALUES: tuple[Any, ...] = (None, -1, 0, 10**30, 1.5, float('nan'), '', 'x' * 10**5, [], {}, [[]], [None], True)


def hostile_files(rng: np.random.Generator, folder: Path, whole: bytes) -> Iterator[tuple[str, Path]]:
    """Files without end: cut, with bytes changed, of noise, with odd metadata, of other tasks."""
    number = 0
    while True:
        path = folder / f'{number:04d}.onnx'
        kind = ('cut', 'bytes', 'noise', 'metadata', 'task', 'doubled')[number % 6]
        path.write_bytes(_content(kind, rng, whole))
        yield kind, path
        path.unlink()
        number += 1


def _content(kind: str, rng: np.random.Generator, whole: bytes) -> bytes:
    if kind == 'cut':
        return whole[: int(rng.integers(0, len(whole)))]
    if kind == 'bytes':
        content = bytearray(whole)
        for place in rng.integers(0, min(len(whole), int(rng.choice([200, len(whole)]))), int(rng.integers(1, 8))):
            content[place] = int(rng.integers(0, 256))
        return bytes(content)
    if kind == 'noise':
        return rng.bytes(int(rng.integers(0, 5000)))
    if kind == 'doubled':
        return whole + whole[: int(rng.integers(0, 100))]
    task, other = rng.choice(['semantic', 'instance', 'panoptic'], 2)
    changes: dict[str, Any] = {}
    if kind == 'metadata':
        key = str(rng.choice(sorted(metadata(task))))
        changes[key], other = ODD_VALUES[int(rng.integers(len(ODD_VALUES)))], task
    return make_model(str(other), text=json.dumps(metadata(str(task), **changes))).SerializeToString()


def odd_pictures(rng: np.random.Generator, folder: Path) -> Iterator[tuple[str, Path]]:
    """Pictures without end: of odd sizes and modes, cut, with bytes changed, of noise."""
    number = 0
    while True:
        size = [int(side) for side in np.exp(rng.uniform(0, 6.5, 2))]
        mode = ('RGB', 'L', 'RGBA', 'P', 'I;16', '1', 'LA')[number % 7]
        suffix = 'png' if mode != 'RGB' else str(rng.choice(['png', 'jpg', 'webp', 'tif', 'gif']))
        path = folder / f'{number:04d}.{suffix}'
        values = rng.integers(0, 65536 if mode == 'I;16' else 256, size)
        image = Image.fromarray(values.astype(np.uint16 if mode == 'I;16' else np.uint8))
        (image if mode == 'I;16' else image.convert(mode)).save(path)
        kind = ('whole', 'whole', 'cut picture', 'bytes of a picture', 'no picture')[number % 5]
        content = bytearray(path.read_bytes())
        if kind == 'cut picture':
            path.write_bytes(content[: int(rng.integers(0, len(content)))])
        elif kind == 'bytes of a picture':
            for place in rng.integers(0, len(content), 5):
                content[place] = int(rng.integers(0, 256))
            path.write_bytes(content)
        elif kind == 'no picture':
            path.write_bytes(rng.bytes(int(rng.integers(0, 300))))
        yield kind, path
        path.unlink()
        number += 1


def run(file: Path, picture: Path, out: Path) -> str:
    """Run the command; how it ended: ``results``, ``one line``, or what must not be."""
    words = [sys.executable, '-m', 'mmmaskattn_runtime', file, picture, '--out', out, '--threads', '1']
    try:
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            errors='replace',
            check=False,
            timeout=SLOWEST,
        )
    except subprocess.TimeoutExpired:
        return 'MORE THAN TWO MINUTES'
    if 'Traceback' in done.stderr:
        return f'TRACEBACK {done.stderr[-800:]}'
    if done.returncode == 0:
        return 'results'
    lines = done.stderr.strip().splitlines()
    if done.returncode == 1 and lines[-1].startswith('mmmaskattn_runtime: ') and len(lines[-1]) < 1000:
        return 'one line' if len(lines) <= 2 else f'{len(lines)} LINES {done.stderr[-800:]}'
    return f'STATUS {done.returncode} {done.stderr[-800:]}'


def main(argv: Sequence[str] | None = None) -> None:
    """Make the inputs, run them, and count the ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--inputs', type=int, default=500)
    parser.add_argument('--file', type=Path, help='an exported model to cut and change; a drawn one by default')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    rng, ends, bad, start = np.random.default_rng(args.seed), Counter[str](), 0, time.perf_counter()
    whole = args.file.read_bytes() if args.file else make_model('panoptic').SerializeToString()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good_file, good_picture = folder / 'good.onnx', folder / 'good.png'
        good_file.write_bytes(whole)
        Image.fromarray(rng.integers(0, 256, (90, 130, 3)).astype(np.uint8)).save(good_picture)
        files, pictures = hostile_files(rng, folder, whole), odd_pictures(rng, folder)
        for number in range(args.inputs):
            kind, path = next(pictures if number % 3 == 2 else files)
            pair = (good_file, path) if number % 3 == 2 else (path, good_picture)
            end = run(*pair, folder / f'out{number}')
            ends[f'{kind}: {end if end in ("results", "one line") else "BAD"}'] += 1
            if end not in ('results', 'one line'):
                bad += 1
                print(f'{number} {kind}: {end}', flush=True)
    for end, count in sorted(ends.items()):
        print(f'{count:4d} {end}')
    print(f'{args.inputs} inputs, {bad} of them ended otherwise, {time.perf_counter() - start:.0f} s')
    raise SystemExit(1 if bad else 0)


if __name__ == '__main__':
    main()
