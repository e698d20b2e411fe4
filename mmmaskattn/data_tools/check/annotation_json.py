"""Check of a COCO json, of instances or panoptic, without any picture: what its readers refuse, and what they drop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmmaskattn.data_tools.check.problems import Problem, from_exception
from mmmaskattn.datasets.coco_json import decode_json, faults_of_entries, faults_of_sections
from mmmaskattn.datasets.coco_schema import Kind
from mmmaskattn.datasets.transforms.coco_masks import is_usable
from mmmaskattn.utils.files import read_regular


def check_annotation_json(
    path: str, kind: Kind | None = None, backend_args: dict | None = None
) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Read a json and check its entries.

    Args:
        path: The json.
        kind: What its data set reads; None for a data set that is not ours: panoptic if it has segments, else boxes.
        backend_args: mmengine's file backend options.

    Returns:
        Its content, or None if the rest cannot be checked, and the problems found.
    """
    try:
        content = decode_json(read_regular(path, backend_args), path)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        return None, [Problem(path, 'the annotation file is missing' if missing else f'cannot be read ({error})')]
    except ValueError as error:
        return None, [from_exception(path, error)]
    if kind is None and isinstance(content, dict) and 'data_list' in content:
        return None, []  # mmengine's own layout: nothing of COCO's to check
    kind = kind or _kind_of(content)
    faults = faults_of_sections(content, kind)
    if faults:
        return None, [Problem(path, fault) for fault in faults]
    problems = [Problem(path, fault) for fault in faults_of_entries(content, kind)]
    if not content['annotations']:
        problems.append(Problem(path, 'empty json: no entry in annotations'))
    if not problems and kind != 'panoptic':
        problems += _bad_polygons(path, content['annotations'])
    return content, problems


def _kind_of(content: Any) -> Kind:
    annotations = content.get('annotations') if isinstance(content, dict) else None
    first = annotations[0] if isinstance(annotations, list) and annotations else None
    return 'panoptic' if isinstance(first, dict) and 'segments_info' in first else 'box'


def _bad_polygons(path: str, annotations: list[dict]) -> Iterator[Problem]:
    """Polygons that enclose nothing."""
    for annotation in annotations:
        outline = annotation.get('segmentation')
        for polygon in outline if isinstance(outline, list) else ():
            if isinstance(polygon, list) and not is_usable(polygon):
                yield Problem(
                    path,
                    f'annotation {annotation["id"]}: a polygon of {len(polygon)} numbers, expected x and y of '
                    f'three points or more; it is left out',
                    fatal=False,
                )
