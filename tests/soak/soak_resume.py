"""Kill a training again and again, resume it each time, and compare its end with the uninterrupted one.

    python tests/soak/soak_resume.py --kills 50

Not a test that pytest collects: it takes minutes. Of the kills every second one comes at a random moment, the others
while a checkpoint is being written (a ``.partial`` file is seen), or between that and the end of the save. After each
kill the checkpoint that ``last_checkpoint`` names must be whole, no earlier than the one before, the best one that it
knows of must be there, and a bare ``--resume`` must go on from it. Each training that comes to its end must have the
weights of the uninterrupted one.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tests/support'), str(ROOT)]

from tiny_training import EPOCHS, ITERATIONS, Started, differing, train_tiny, write_tiny  # noqa: E402

from mmmaskattn.engine.checkpoint import is_whole, load_from_local  # noqa: E402
from mmmaskattn.engine.resume import newest_whole_checkpoint  # noqa: E402

HOOK = ('default_hooks.checkpoint.max_keep_ckpts=1', 'default_hooks.checkpoint.interval=1')


@dataclass
class Count:
    """What happened."""

    kills: int = 0
    in_writes: int = 0
    before_first: int = 0
    fell_back: int = 0
    lost: int = 0
    chains: int = 0
    equal: int = 0


def partial_files(folder: Path) -> list[Path]:
    return list(folder.glob('.*.partial'))


def kill_once(started: Started, folder: Path, in_write: bool, longest: float) -> tuple[bool, bool]:
    """Kill it at a random moment or inside a write; returns whether it was killed, and whether a file was half."""
    started.until(lambda: (folder / '.training.lock').exists() or not started.process.is_alive())
    moment = time.monotonic() + random.uniform(0, longest)
    while started.process.is_alive():
        if time.monotonic() > moment and (not in_write or partial_files(folder)):
            if in_write:
                time.sleep(random.uniform(0, 0.002))
            started.process.kill()
            started.process.join()
            return started.process.exitcode == -9, bool(partial_files(folder))
        time.sleep(0.0002)
    assert started.end() == 0, started.text[-3000:]
    return False, False


def check(folder: Path, done: int, count: Count) -> int:
    """Look at the folder after a kill; returns how many iterations are safe."""
    named = folder / 'last_checkpoint'
    if not named.exists():
        count.before_first += 1
        count.lost += done > 0
        return 0
    found, note = newest_whole_checkpoint(folder)
    count.fell_back += bool(note)
    checkpoint = load_from_local(str(found), 'cpu') if found else None
    iterations = checkpoint['meta']['iter'] if checkpoint else 0
    best = checkpoint['message_hub']['runtime_info'].get('best_ckpt') if checkpoint else None
    if not is_whole(Path(named.read_text())) or iterations < done or (best and not zipfile.is_zipfile(best)):
        count.lost += 1
        print(f'LOST: {named.read_text()!r}, {iterations} iterations after {done}, best {best}', flush=True)
    return iterations


def chain(config: Path, whole: Path, last: str, options: tuple[object, ...], count: Count, kills: int) -> None:
    """One training, killed until it comes to its end."""
    folder = Path(tempfile.mkdtemp(dir=config.parent)) / 'work'
    done, longest = 0, 8.0
    while True:
        in_write = bool(count.kills % 2)
        started = Started(config, '--work-dir', folder, '--resume', *options, TINY_DELAY='0.02')
        if count.kills >= kills:
            assert started.end(300) == 0, started.text[-3000:]
            break
        killed, half = kill_once(started, folder, in_write, longest)
        if not killed:
            break
        count.kills += 1
        count.in_writes += half
        done = check(folder, done, count)
        print(f'{count.kills} kills, {count.in_writes} with a half file, {count.lost} lost', flush=True)
    count.chains += 1
    count.equal += differing(whole / last, folder / last) == []
    shutil.rmtree(folder.parent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--kills', type=int, default=50)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    random.seed(args.seed)
    count = Count()
    with tempfile.TemporaryDirectory() as name:
        jobs = []
        for kind, settings, last in (('epochs', EPOCHS, 'epoch_4.pth'), ('iterations', ITERATIONS, 'iter_16.pth')):
            for workers in (0, 2):
                config = write_tiny(Path(name, f'{kind}{workers}'), **settings)
                options = ('--seed', 1, '--cfg-options', *HOOK, f'train_dataloader.num_workers={workers}')
                train_tiny(config, '--work-dir', 'whole', *options)
                jobs.append((config, config.parent / 'whole', last, options))
        turn = 0
        while count.kills < args.kills:
            chain(*jobs[turn % len(jobs)], count, args.kills)
            turn += 1
    print(
        f'{count.kills} kills ({count.in_writes} left a half file, {count.before_first} before the first checkpoint): '
        f'{count.lost} lost, {count.fell_back} fell back to an earlier one; {count.equal} of {count.chains} trainings '
        'ended with the weights of the uninterrupted one'
    )
    sys.exit(bool(count.lost or count.equal < count.chains))


if __name__ == '__main__':
    main()
