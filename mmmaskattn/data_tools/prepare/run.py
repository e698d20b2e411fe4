"""Preparing the splits of a data set: on all cores, going on where an earlier run was stopped, nothing done twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Callable

from mmmaskattn.data_tools.prepare.json_files import is_foreign, write_json
from mmmaskattn.data_tools.prepare.records import RecordStore, read_mark, task_stamp, write_mark
from mmmaskattn.data_tools.prepare.report import SplitReport, count_totals
from mmmaskattn.data_tools.prepare.split import STATE_FOLDER, Converted, PictureTask, Record, Split
from mmmaskattn.data_tools.run_state import Problem, ProblemLog, sole_run
from mmmaskattn.utils.files import remove_partial_files
from mmmaskattn.utils.progress import map_with_progress


def prepare_splits(
    splits: Sequence[Split], workers: int | None = None, overwrite: bool = False
) -> Iterator[SplitReport]:
    """Prepare splits one after another.

    Pictures are written whole or not at all, each before its record; json files last. A split that is finished and
    unchanged is left alone. An image that cannot be converted is reported and left out; the others are prepared.

    Args:
        splits: of one data set.
        workers: processes, None for all cores.
        overwrite: replace json files that another program wrote.

    Raises:
        FileExistsError: a json file of another program is in the way; nothing has been written then.
        RuntimeError: another process prepares the same data.
    """
    state = splits[0].root / STATE_FOLDER
    foreign = [j.path for split in splits for j in split.json_files if is_foreign(j.path)]
    if foreign and not overwrite:
        raise FileExistsError(
            f'{", ".join(map(str, foreign))}: written by another program, which may rely on it and on the pictures '
            f'beside it. Move it away, or replace it with --overwrite.'
        )
    with sole_run(state / 'lock'):
        for split in splits:
            yield _prepare(split, state, workers)


def _prepare(split: Split, state: Path, workers: int | None) -> SplitReport:
    """Prepare one split."""
    mark = state / f'{split.name}.done.json'
    totals = read_mark(mark, split)
    if totals is not None:
        return SplitReport(split, totals, unchanged=True)
    _clear(split, mark)
    records = state / f'{split.name}.records.jsonl'
    log = ProblemLog(state / f'{split.name}.problems.txt')
    tasks = {task.name: task for task in split.tasks}
    with RecordStore(records, partial(_still_true, tasks)) as store:
        pending = [task for task in split.tasks if task.name not in store]
        converted = _convert_all(split, pending, store, log, workers)
        totals = count_totals(split, (store.get(name) for name in tasks if name in store))
        if totals['images']:
            for json_file in split.json_files:
                write_json(json_file, split, store)
    if not log.problems:
        write_mark(mark, split, totals)
        records.unlink()
    return SplitReport(split, totals, converted, problems=log.problems)


def _clear(split: Split, mark: Path) -> None:
    """Remove what shall not outlive its pictures, and what killed runs left half written."""
    mark.unlink(missing_ok=True)
    for json_file in split.json_files:
        json_file.path.unlink(missing_ok=True)
    written = [path for task in split.tasks for path in task.outputs] + [j.path for j in split.json_files]
    for folder in {path.parent for path in written}:
        remove_partial_files(folder)


def _still_true(tasks: dict[str, PictureTask], record: Record) -> bool:
    """Return whether a record of an earlier run fits what is on disk."""
    task = tasks.get(record['name'])
    return task is not None and record['stamp'] == task_stamp(task)


def _convert_all(
    split: Split, pending: Sequence[PictureTask], store: RecordStore, log: ProblemLog, workers: int | None
) -> int:
    """Convert what is left to do; return how many images succeeded."""
    if not pending:
        return 0
    for outcome in map_with_progress(partial(attempt, split.convert), pending, workers, f'preparing {split.name}'):
        if isinstance(outcome, Problem):
            log.add(outcome)
        else:
            store.add(outcome)
    return len(pending) - len(log.problems)


def attempt(convert: Callable[[PictureTask], Converted], task: PictureTask) -> Record | Problem:
    """Convert one image.

    Returns:
        Its record, or the problem with it.
    """
    try:
        converted = convert(task)
    except (ValueError, OSError) as error:
        text = ' '.join(str(error).split())
        return Problem(task.name, text if str(task.image.stem) in text else f'{task.image}: {text}')
    height, width = converted.size
    return {
        'name': task.name, 'stamp': task_stamp(task), 'height': height, 'width': width,
        'segments': converted.segments, 'instances': converted.instances, 'notes': converted.notes,
    }  # fmt: skip
