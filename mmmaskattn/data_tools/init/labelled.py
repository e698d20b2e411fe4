"""What all layouts are read to: pictures, their truth, the classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Task = Literal['semantic', 'instance', 'panoptic']
TASKS: tuple[Task, ...] = ('semantic', 'instance', 'panoptic')


@dataclass
class Labelled:
    """Pictures with their truth, in a form that the data sets read.

    Attributes:
        task: What can be learned of them.
        layout: What was found, in a few words.
        how: How it is read or was converted, in a sentence.
        images: Folder of the pictures.
        names: The pictures, relative to that folder, sorted.
        classes: Names by label; of the things, in the instance and panoptic task.
        stuff: Names of the other classes, in the panoptic task.
        labels: Folder of the label maps or panoptic pictures, absent in the instance task.
        img_suffix: What label maps have in the place of it: ``label_suffix``.
        label_suffix: See ``img_suffix``.
        content: The COCO json, where there is one: ``images``, ``annotations``, ``categories``.
        notes: What was left out, and why.
    """

    task: Task
    layout: str
    how: str
    images: Path
    names: list[str]
    classes: tuple[str, ...]
    stuff: tuple[str, ...] = ()
    labels: Path | None = None
    img_suffix: str = ''
    label_suffix: str = '.png'
    content: dict[str, list[dict[str, Any]]] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def all_classes(self) -> tuple[str, ...]:
        """Every class, the stuff after the things."""
        return self.classes + self.stuff

    def samples(self) -> Iterator[dict[str, Any]]:
        """Entries as the data sets give them, for `check_sample`, in the order of the names."""
        if self.content is None:
            for name in self.names:
                stem = name[: len(name) - len(self.img_suffix)]
                yield dict(img_path=f'{self.images}/{name}', seg_map_path=f'{self.labels}/{stem}{self.label_suffix}')
            return
        of_image: dict[Any, list[dict]] = {image['id']: [] for image in self.content['images']}
        for annotation in self.content['annotations']:
            of_image[annotation['image_id']].append(annotation)
        records = {image['file_name']: image for image in self.content['images']}
        labels = self._label_of_category()
        for name in self.names:
            image = records[name]
            known = dict(img_path=f'{self.images}/{name}', img_id=image['id'])
            known |= dict(height=image['height'], width=image['width'])
            yield {**known, **self._truth(of_image[image['id']], labels)}

    def _label_of_category(self) -> dict[int, int]:
        assert self.content is not None
        names = {name: label for label, name in enumerate(self.all_classes)}
        return {category['id']: names[category['name']] for category in self.content['categories']}

    def _truth(self, annotations: list[dict], labels: dict[int, int]) -> dict[str, Any]:
        if self.task == 'panoptic':
            return dict(
                seg_map_path=f'{self.labels}/{annotations[0]["file_name"]}',
                segments_info=[
                    dict(
                        one, category=labels[one['category_id']], isthing=labels[one['category_id']] < len(self.classes)
                    )
                    for one in annotations[0]['segments_info']
                ],
            )
        return dict(
            instances=[
                dict(
                    id=one['id'],
                    bbox_label=labels[one['category_id']],
                    mask=one['segmentation'],
                    ignore_flag=int(bool(one.get('iscrowd') or one.get('ignore'))),
                )
                for one in annotations
            ]
        )


def coco_content(classes: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """A COCO instance json with categories and nothing else yet; category 1 is the first class."""
    categories = [dict(id=number, name=name) for number, name in enumerate(classes, 1)]
    return dict(images=[], annotations=[], categories=categories)
