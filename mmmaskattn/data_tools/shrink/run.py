"""Shrinking a data set to the size of the network, and its report."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from mmmaskattn.data_tools.run_state import Problem, ProblemLog, sole_run
from mmmaskattn.data_tools.shrink.annotation_json import Place, shrink_annotation_file
from mmmaskattn.data_tools.shrink.layouts import AnnotationFile, Layout, Split, find_layout, left_out
from mmmaskattn.data_tools.shrink.report import AnnotationCounts, ShrinkReport, SplitCounts
from mmmaskattn.data_tools.shrink.samples import is_current, pair_files, shrink_sample
from mmmaskattn.datasets.transforms.low_res_resize import Size, check_size
from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS, check_max_pixels
from mmmaskattn.utils.files import atomic_write, path_inside, remove_partial_files
from mmmaskattn.utils.progress import map_with_progress

STATE_FOLDER = '.shrink'
"""Folder in a copy for the options it was made with and the json files that are finished."""
FORMAT = 2
"""Raise it when the same options give other files."""


class _Run:
    """One run: where it reads and writes, and what it found.

    Args:
        source: Data root.
        target: Root of the copy.
        layout: The layout.
        size: (H, W) of the copy.
        workers: Processes, None for all cores.
        max_pixels: The most pixels that a picture may have.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        layout: Layout,
        size: tuple[int, int],
        workers: int | None,
        max_pixels: int,
    ) -> None:
        self.source = source
        self.target = target
        self.layout = layout
        self.size = size
        self.workers = workers
        self.max_pixels = max_pixels
        self.report = ShrinkReport(layout.name, size)
        self.log = ProblemLog(target / STATE_FOLDER / 'problems.txt')

    def shrink_split(self, split: Split) -> None:
        """Make the images of a split and their label pictures small."""
        try:
            pairing = pair_files(self.source, split)
        except ValueError as error:
            self.log.add(Problem(split.images, str(error)))
            return
        counts = SplitCounts(split.images, len(pairing.samples), unused=pairing.unused)
        self.report.splits.append(counts)
        for problem in pairing.problems:
            self.log.add(problem)
        if not pairing.samples:
            if (self.source / split.images).is_dir():
                named = ' or '.join(f'*{suffix}' for suffix in split.suffixes)
                line = f'{self.source / split.images}: no file named {named} in it or below'
                self.log.add(Problem(split.images, line))
            return
        counts.labels = len(pairing.samples[0].labels)
        shrink = partial(shrink_sample, self.source, self.target, self.size, self.max_pixels)
        for outcome in map_with_progress(shrink, pairing.samples, self.workers, f'shrinking {split.images}'):
            if isinstance(outcome, Problem):
                self.log.add(outcome)
            else:
                counts.written += outcome
                counts.there += not outcome

    def shrink_json(self, file: AnnotationFile, state: dict[str, Any]) -> None:
        """Make a json small, unless an earlier run has done it with no problem."""
        source, target = self.source / file.path, path_inside(self.target, file.path)
        finished = state['finished'].get(file.path)
        settled = all(counts.there == counts.images for counts in self.report.splits if counts.folder == file.images)
        if finished and settled and is_current(target, source):
            self.report.annotations.append(AnnotationCounts(**{**finished, 'unchanged': True}))
            return
        state['finished'].pop(file.path, None)
        self.save(state)
        target.unlink(missing_ok=True)
        try:
            place = Place(self.source, self.target, self.size, file, self.max_pixels)
            counts = shrink_annotation_file(place, self.log, self.workers)
        except ValueError as error:
            self.log.add(Problem(file.path, str(error)))
            return
        self.report.annotations.append(counts)
        if not counts.left_out:
            state['finished'][file.path] = asdict(counts)
            self.save(state)

    def copy_texts(self) -> None:
        """Copy the files that say something about the whole set."""
        for name in self.layout.texts:
            source, target = self.source / name, self.target / name
            if source.is_file() and not is_current(target, source):
                atomic_write(path_inside(self.target, name), source.read_bytes())

    def save(self, state: dict[str, Any]) -> None:
        """Write the state."""
        atomic_write(self.target / STATE_FOLDER / 'state.json', json.dumps(state, indent=1).encode())


def shrink_dataset(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    size: Size,
    layout: str | None = None,
    workers: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> ShrinkReport:
    """Copy a data set in its own layout at a network's size.

    Files keep their names, so a config trains from the copy by another data root. Every file is written whole or not
    at all, json files after the pictures that they name; a run that was stopped is gone on with, and a second run
    writes nothing. An image with a problem is left out and named (on standard error, and in
    ``TARGET/.shrink/problems.txt``); the next run tries it again.

    Args:
        source: The data root.
        target: Root of the copy: a new or an empty folder, or one of an earlier run with the same options.
        size: One integer or (H, W) in pixels, at least 16.
        layout: One of `LAYOUTS`; None to find out.
        workers: Processes; None for all cores.
        max_pixels: A picture of more pixels is a problem, and is not decoded.

    Raises:
        FileNotFoundError: If ``source`` is not the root of a data set.
        FileExistsError: If ``target`` holds something else.
        RuntimeError: If another process writes to ``target``.
        ValueError: If an option is not valid, or one folder lies in the other.
    """
    size = check_size(size, 'size')
    check_max_pixels(max_pixels, 'shrink')
    root, copy = Path(source).expanduser().resolve(), Path(target).expanduser().resolve()
    chosen = find_layout(root, layout)
    _check_apart(root, copy)
    options = {'format': FORMAT, 'source': str(root), 'layout': chosen.name, 'size': list(size)}
    state = _load_state(copy, options)
    with sole_run(copy / STATE_FOLDER / 'lock'):
        for folder in [parent for parent, _, _ in os.walk(copy)]:
            remove_partial_files(folder)
        run = _Run(root, copy, chosen, size, workers, max_pixels)
        if not (copy / STATE_FOLDER / 'state.json').exists():
            run.save(state)
        for split in chosen.splits:
            run.shrink_split(split)
        for file in chosen.annotation_files:
            if (root / file.path).is_file():
                run.shrink_json(file, state)
        run.copy_texts()
    run.report.missing = list(left_out(root, chosen))
    run.report.problems = len(run.log.problems)
    return run.report


def _check_apart(source: Path, target: Path) -> None:
    """Refuse to write into the data set, or around it."""
    if source == target:
        raise ValueError(f'{target}: source and copy are the same folder. Name another folder for the copy.')
    if source in target.parents or target in source.parents:
        raise ValueError(f'{target}: lies within {source}, or that within it. Name a folder apart for the copy.')


def _load_state(target: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return the state of the copy that ``target`` holds, or a new one if it is free."""
    path = target / STATE_FOLDER / 'state.json'
    if path.is_file():
        state = json.loads(path.read_bytes())
        found = {key: state.get(key) for key in options}
        if found != options:
            raise FileExistsError(
                f'{target}: holds a copy made with other options: {found}, expected {options}. Name another folder, '
                f'or delete this one first.'
            )
        return state
    if target.exists() and (not target.is_dir() or {entry.name for entry in target.iterdir()} - {STATE_FOLDER}):
        raise FileExistsError(f'{target}: not empty, and no copy of a data set. Name a new or an empty folder.')
    return {**options, 'finished': {}}
