"""What a run did, in numbers and words."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class SplitCounts:
    """Images of one split.

    Attributes:
        folder: Their folder.
        images: How many there are.
        written: Made now.
        there: Found made already.
        labels: Label pictures that belong to each.
        unused: Files of other kinds, which the copy lacks.
    """

    folder: str
    images: int = 0
    written: int = 0
    there: int = 0
    labels: int = 0
    unused: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Return the counts in words."""
        labels = f', each with {self.labels} label pictures' if self.labels else ''
        failed = self.images - self.written - self.there
        bad = f', {failed} left out' if failed else ''
        return f'{self.folder}: {self.images} images{labels}: {self.written} written, {self.there} there already{bad}'


@dataclass
class AnnotationCounts:
    """Annotations of one json.

    Attributes:
        path: The json, under the data root.
        kind: ``panoptic`` or ``instance``.
        images: Images in the new json.
        left_out: Images left out, with their annotations.
        kept: Segments or instances.
        dropped: Those without a pixel at the new size, or none left uncovered by smaller ones.
        emptied: Images of which none is left.
        unchanged: Whether the new json was there already.
    """

    path: str
    kind: str
    images: int = 0
    left_out: int = 0
    kept: int = 0
    dropped: int = 0
    emptied: int = 0
    unchanged: bool = False

    def line(self) -> str:
        """Return the counts in words."""
        unit = 'segments' if self.kind == 'panoptic' else 'instances'
        text = f'{self.path}: {self.images} images, {self.kept} {unit}, {self.dropped} dropped as no pixel is left'
        text += f', {self.emptied} images so left without any' if self.emptied else ''
        text += f', {self.left_out} images left out' if self.left_out else ''
        return f'{text} (there already)' if self.unchanged else text


@dataclass
class ShrinkReport:
    """The result of a run.

    Attributes:
        layout: The layout's name.
        size: (H, W) of the copy.
        splits: Images.
        annotations: json files.
        missing: What of the data root the copy lacks.
        problems: Number of problems, each of which has been named.
    """

    layout: str
    size: tuple[int, int]
    splits: list[SplitCounts] = field(default_factory=list)
    annotations: list[AnnotationCounts] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: int = 0

    def lines(self) -> list[str]:
        """Return the report, a line each."""
        lines = [f'{self.layout} at {self.size[0]}x{self.size[1]} (height x width)']
        lines += [f'  {split.line()}' for split in self.splits]
        lines += [f'  {counts.line()}' for counts in self.annotations]
        unused = {kind: number for split in self.splits for kind, number in split.unused.items()}
        lines += [f'  not in the copy: {kind} ({number} files)' for kind, number in unused.items()]
        lines += [f'  not in the copy: {path}' for path in self.missing]
        return lines
