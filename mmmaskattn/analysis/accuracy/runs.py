"""Runs of an accuracy comparison: one training and one test for each config and seed, each done once and resumable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmmaskattn.analysis.accuracy.identity import provenance
from mmmaskattn.analysis.accuracy.sweep import last_validation
from mmmaskattn.utils.configs import config_name


class RunFailedError(RuntimeError):
    """A training or test that ended with an error."""


@dataclass(frozen=True)
class Run:
    """One training of a comparison.

    Attributes:
        config: The config file.
        seed: Random seed.
        epochs: Epochs to train; the learning-rate schedule is stretched to them.
        work_dir: Folder of the whole comparison.
        options: Settings for ``--cfg-options`` of training and test alike, as ``key=value``.
        protocol: Evaluation protocol of the test.
        fingerprint: Of the config, options merged, and of its data: see `fingerprint_of`.
        speed: More settings, like ``options``, that change the time alone and so not the run's name.
        train_words: More words for the training's command line that change the time alone.
    """

    config: Path
    seed: int
    epochs: int
    work_dir: Path
    options: tuple[str, ...] = ()
    protocol: str = 'lowres'
    fingerprint: str = ''
    speed: tuple[str, ...] = ()
    train_words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Config, epochs, fingerprint and seed: two runs with one name are the same training."""
        parts = [f'epochs{self.epochs}', *filter(None, [self.fingerprint]), f'seed{self.seed}']
        return f'{config_name(self.config)}/{"_".join(parts)}'

    @property
    def key(self) -> str:
        """Name of its result."""
        return f'{self.name}/{self.protocol}'

    @property
    def folder(self) -> Path:
        """Where its checkpoints and logs are."""
        return self.work_dir / self.name


class ResultsFile:
    """Results by run, in a JSON file that is whole at any time; threads may share it.

    Args:
        path: The file; read if it is there.

    Raises:
        ValueError: If the file is not what this class writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._results = json.loads(path.read_text()) if path.exists() else {}
        except json.JSONDecodeError as error:
            raise ValueError(f'{path}: is no JSON ({error}); move it away to begin anew') from error
        if not isinstance(self._results, dict):
            raise ValueError(f'{path}: holds a {type(self._results).__name__}, expected results by run; move it away')

    def get(self, run: Run) -> dict[str, Any] | None:
        """The result of a run, None if it has not been finished."""
        return self._results.get(run.key)

    def put(self, run: Run, result: dict[str, Any]) -> None:
        """Add the result of a run and write the file."""
        with self._lock:
            self._results[run.key] = result
            self.path.parent.mkdir(parents=True, exist_ok=True)
            draft = self.path.with_suffix('.tmp')
            draft.write_text(json.dumps(self._results, indent=2) + '\n')
            os.replace(draft, self.path)


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint in a work folder as mmengine notes it, None before the first."""
    note = folder / 'last_checkpoint'
    return folder / Path(note.read_text().strip()).name if note.is_file() else None


_WORKING: set[subprocess.Popen] = set()
"""The tools that run now."""


def stop_runs() -> None:
    """Ask the tools that run now to end; a training saves a checkpoint first."""
    for process in list(_WORKING):
        process.terminate()


def _call(script: Path, arguments: Sequence[str], log: Path, threads: int) -> None:
    """Run one of our tools with its output appended to ``log``."""
    paths = [str(script.parents[1]), *filter(None, [os.environ.get('PYTHONPATH')])]
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONPATH=os.pathsep.join(paths))
    command = [sys.executable, str(script), *arguments]
    with log.open('a') as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        _WORKING.add(process)
        try:
            status = process.wait()
        finally:
            _WORKING.discard(process)
    if status:
        last = next(iter(log.read_text(errors='replace').splitlines()[-1:]), 'it said nothing')
        raise RunFailedError(f'{script.name} ended with {status} (all it said: {log}): {last}')


def _add_seconds(folder: Path, seconds: float) -> float:
    """Add to the training time of earlier attempts, and return the sum."""
    note = folder / 'training_seconds.txt'
    total = seconds + (float(note.read_text()) if note.is_file() else 0.0)
    note.write_text(f'{total:.1f}\n')
    return total


def train_run(run: Run, tools: Path, threads: int) -> float:
    """Train, going on from the last checkpoint if there is one.

    Args:
        run: The run.
        tools: Folder with ``train.py``.
        threads: CPU threads of the training process.

    Returns:
        Seconds of training, start-up included, over all attempts.

    Raises:
        RunFailedError: If training ends with an error.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    epochs = (f'train_cfg.max_epochs={run.epochs}', f'train_cfg.val_interval={run.epochs}')
    arguments = [str(run.config), '--work-dir', str(run.folder), '--seed', str(run.seed)]
    arguments += [*run.train_words, *(['--resume'] if last_checkpoint(run.folder) else [])]
    arguments += ['--cfg-options', *epochs, *run.options, *run.speed]
    began = time.monotonic()
    try:
        _call(tools / 'train.py', arguments, run.folder / 'train.out', threads)
    finally:
        seconds = _add_seconds(run.folder, time.monotonic() - began)
    return seconds


def evaluate_run(run: Run, tools: Path, threads: int) -> dict[str, float]:
    """Test the last checkpoint.

    Args:
        run: The run, trained.
        tools: Folder with ``test.py``.
        threads: CPU threads of the test process.

    Returns:
        Metrics by name, such as ``lowres/mIoU``.

    Raises:
        RunFailedError: If there is no checkpoint, or the test ends with an error.
    """
    checkpoint = last_checkpoint(run.folder)
    if checkpoint is None:
        raise RunFailedError(f'{run.folder}: training left no checkpoint; see train.out there')
    folder = run.folder / 'test'
    arguments = [str(run.config), str(checkpoint), '--protocol', run.protocol, '--work-dir', str(folder)]
    options = [*run.options, *run.speed]
    arguments += ['--cfg-options', *options] if options else []
    _call(tools / 'test.py', arguments, run.folder / 'test.out', threads)
    newest = max(folder.glob('test_*.json'), key=lambda path: path.stat().st_mtime)
    return json.loads(newest.read_text())


def execute_run(run: Run, tools: Path, threads: int) -> dict[str, Any]:
    """Train and test.

    Args:
        run: The run.
        tools: Folder with ``train.py`` and ``test.py``.
        threads: CPU threads of each process.

    Returns:
        The run's settings, ``metrics`` of the test, ``validation`` after the last epoch, ``seconds`` of training, and
        what it was done with: see `provenance`.
    """
    seconds = train_run(run, tools, threads)
    metrics = evaluate_run(run, tools, threads)
    return dict(
        config=str(run.config),
        seed=run.seed,
        epochs=run.epochs,
        options=list(run.options),
        protocol=run.protocol,
        threads=threads,
        metrics=metrics,
        validation=last_validation(run.folder),
        seconds=round(seconds, 1),
        fingerprint=run.fingerprint,
        **provenance(),
    )
