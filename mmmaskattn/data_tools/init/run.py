"""From pictures and labels to a folder with a config, the lists or jsons of its splits, and a fingerprint."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmmaskattn.data_tools.check.statistics import nothing_to_learn
from mmmaskattn.data_tools.init.coco import write_split
from mmmaskattn.data_tools.init.fingerprint import (
    Fingerprint,
    check_all,
    count_training,
    measure_sizes,
    take_fingerprint,
)
from mmmaskattn.data_tools.init.labelled import Labelled
from mmmaskattn.data_tools.init.layouts import Given, read_labelled
from mmmaskattn.data_tools.init.plan import Choice, Plan, choose_size, make_plan
from mmmaskattn.data_tools.init.split import split_names
from mmmaskattn.data_tools.init.write_config import config_text, list_file
from mmmaskattn.utils.files import PARTIAL_SUFFIX, atomic_write

SHOWN = 10


@dataclass(frozen=True)
class InitReport:
    """What was written.

    Attributes:
        config: The config.
        found: The fingerprint.
        plan: The settings, with reasons.
    """

    config: Path
    found: Fingerprint
    plan: Plan

    def lines(self) -> list[str]:
        """What was found and chosen, for the terminal."""
        found, plan = self.found, self.plan
        height, width = found.sizes.median
        formats = ', '.join(f'{count} {name}' for name, count in found.sizes.formats.items())
        counts = ', '.join(f'{count} {split}' for split, count in found.pictures.items())
        lines = [
            f'{found.layout} ({found.how})',
            f'{found.task}: {counts} ({found.split_rule})',
            f'pictures: {formats}; the median one is {height} x {width} (height x width)',
            f'classes: {", ".join(found.classes[:SHOWN])}' + (', ...' if len(found.classes) > SHOWN else ''),
        ]
        if found.objects:
            lines.append(f'objects: {found.objects} in the training pictures, up to {found.most_objects} in one')
        choices: dict[str, Choice[Any] | None] = dict(model=plan.model, input=plan.image_size, batch=plan.batch)
        choices |= dict(epochs=plan.epochs, rate=plan.rate, max_instances=plan.max_instances)
        lines += [f'{name}: {one.value} ({one.why})' for name, one in choices.items() if one]
        lines += [f'left out: {line}' for line in found.left_out[:SHOWN]]
        if len(found.left_out) > SHOWN:
            lines.append(f'left out: {len(found.left_out) - SHOWN} more, in fingerprint.json')
        return lines + [f'note: {line}' for line in plan.warnings]


def init_folder(given: Given, out: Path) -> InitReport:
    """Look at pictures and labels, and write a config for them.

    The folder is written whole or not at all; pictures stay where they are.

    Args:
        given: Pictures and labels.
        out: The folder to write, absent or empty.

    Returns:
        What was found, and chosen.

    Raises:
        FileExistsError: If the folder holds something.
        FileNotFoundError: If pictures or labels are absent.
        ValueError: If labels are damaged, of no known kind, or nothing can be learned of them.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f'--out {out}: is there already; name a folder that is absent or empty')
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.parent / f'.{out.name}.{os.getpid()}{PARTIAL_SUFFIX}'
    draft.mkdir()
    try:
        found, plan = _write(given, draft)
        if out.exists():
            out.rmdir()
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return InitReport(out / 'config.py', found, plan)


def _write(given: Given, folder: Path) -> tuple[Fingerprint, Plan]:
    labelled = read_labelled(given, folder)
    sizes, _ = measure_sizes(labelled, given.workers)
    size, _ = choose_size(sizes)
    good, bad = check_all(labelled, size, given.workers)
    if not good:
        raise ValueError(f'every one of {len(bad)} samples is damaged: {bad[0]}')
    splits, rule = split_names(sorted(good))
    counted = count_training(labelled, [good[name] for name in splits['train']], size)
    reason = nothing_to_learn(counted[0])
    if reason:
        raise ValueError(f'{given.coco or given.labels}: {reason}')
    found = take_fingerprint(labelled, splits, rule, sizes, counted, [*labelled.notes, *bad])
    plan = make_plan(found)
    for split, names in splits.items():
        _write_list(labelled, names, folder / list_file(labelled, split))
    text = config_text(labelled, tuple(splits), found, plan, folder)
    atomic_write(folder / 'config.py', text.encode())
    atomic_write(folder / 'fingerprint.json', (json.dumps(found.plain(), indent=1) + '\n').encode())
    return found, plan


def _write_list(labelled: Labelled, names: list[str], path: Path) -> None:
    """Write the pictures of a split, without suffix as mmseg's lists are, or its json."""
    if labelled.content is not None:
        write_split(labelled, names, path)
        return
    end = len(labelled.img_suffix)
    lines = ''.join(f'{name[: len(name) - end]}\n' for name in names)
    atomic_write(path, lines.encode())
