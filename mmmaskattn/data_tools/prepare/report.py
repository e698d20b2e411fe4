"""What a run did to one split, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mmmaskattn.data_tools.prepare.split import Record, Split
from mmmaskattn.data_tools.run_state import Problem


@dataclass
class SplitReport:
    """The result of one split.

    Attributes:
        split: the split.
        totals: counts over all images in the json files.
        converted: images converted in this run; 0 if nothing was to be done.
        unchanged: whether the split was found finished.
        problems: images left out.
    """

    split: Split
    totals: Record
    converted: int = 0
    unchanged: bool = False
    problems: list[Problem] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the report, a line each."""
        totals, split = self.totals, self.split
        head = f'{split.name}: {len(split.tasks)} images, '
        if self.unchanged:
            head += 'nothing to do, all is prepared'
        else:
            head += f'{self.converted} converted now, {totals["images"]} in the json files'
        lines = [head]
        if totals['images']:
            lines += [f'  {_relative(j.path, split)}: {_counted(j.kind, totals)}' for j in split.json_files]
            lines += [f'  {_relative(self._picture_folder(), split)}: {totals["images"]} panoptic PNGs']
        lines += [f'  {note}: {count}' for note, count in totals['notes'].items() if count]
        if split.unused:
            lines.append(f'  dropped, annotations without an image: {len(split.unused)}, first {split.unused[0]}')
        if self.problems:
            lines.append(f'  left out, images with problems: {len(self.problems)} (run again once they are mended)')
        return lines

    def _picture_folder(self) -> Path:
        task = self.split.tasks[0]
        return task.panoptic.parents[len(Path(task.name).parts) - 1]


def _relative(path: Path, split: Split) -> Path:
    return path.relative_to(split.root)


def _counted(kind: str, totals: Record) -> str:
    """Return what a json file holds."""
    if kind == 'panoptic':
        return f'{totals["things"]} things, {totals["stuff"]} stuff segments, {totals["crowds"]} crowds'
    return (
        f'{totals["instances"]} instances, {totals["instance crowds"]} crowds; '
        f'{totals["images without instances"]} images have none'
    )


def count_totals(split: Split, records: Iterable[Record]) -> Record:
    """Count what the json files of a split hold.

    Returns:
        The totals, ready for json.
    """
    things = {c.id for j in split.json_files if j.kind == 'panoptic' for c in j.categories if c.isthing}
    counts: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for record in records:
        _count_record(record, things, counts)
        notes.update(record['notes'])
    names = ('images', 'things', 'stuff', 'crowds', 'instances', 'instance crowds', 'images without instances')
    return {**{name: counts[name] for name in names}, 'notes': dict(sorted(notes.items()))}


def _count_record(record: Record, things: set[int], counts: Counter[str]) -> None:
    """Add one image to the counts."""
    counts['images'] += 1
    counts['images without instances'] += not record['instances']
    for segment in record['segments']:
        kind = 'things' if segment['category_id'] in things else 'stuff'
        counts['crowds' if segment['iscrowd'] else kind] += 1
    for instance in record['instances']:
        counts['instance crowds' if instance['iscrowd'] else 'instances'] += 1
