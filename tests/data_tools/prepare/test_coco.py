"""COCO: a whole set passes, every kind of gap is named with where the missing part is to be had."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from prepared import mini, read_json, times

from mmmaskattn.data_tools.prepare.coco import check_coco


@pytest.fixture(scope='module')
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mini('coco', tmp_path_factory.mktemp('mini') / 'coco')


@pytest.fixture
def root(source: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(source, tmp_path / 'coco'))


def problems(root: Path) -> list[str]:
    """Return the problems of the validation split."""
    (report,) = check_coco(root, ['val'])
    return report.problems


def change(path: Path, edit: Callable[[dict], object]) -> None:
    """Edit a json in place."""
    content = read_json(path)
    edit(content)
    path.write_text(json.dumps(content), encoding='utf-8')


def test_a_whole_set_passes_and_nothing_is_written(root: Path):
    before = times(root)
    reports = list(check_coco(root))
    assert [report.problems for report in reports] == [[], []]
    assert times(root) == before
    content = read_json(root / 'annotations/panoptic_train2017.json')
    counts = reports[0].counts
    assert (counts['images'], counts['panoptic pictures']) == (4, 4)
    assert counts['panoptic annotations'] == sum(len(a['segments_info']) for a in content['annotations'])
    instances = read_json(root / 'annotations/instances_train2017.json')
    assert counts['instance annotations'] == len(instances['annotations'])


def test_an_empty_root_says_what_is_needed_and_where_it_is(tmp_path: Path):
    found = '\n'.join(problems(tmp_path))
    for part in ('val2017.zip', 'panoptic_annotations_trainval2017.zip', 'annotations_trainval2017.zip'):
        assert part in found
    assert len(problems(tmp_path)) == 4


def test_a_packed_picture_folder_is_to_be_unpacked(root: Path):
    shutil.rmtree(root / 'annotations/panoptic_val2017')
    archive = root / 'annotations/panoptic_val2017.zip'
    archive.write_bytes(b'PK')
    (problem,) = problems(root)
    assert f'unpack {archive}' in problem


def test_missing_and_empty_pictures_are_named(root: Path):
    first, second = sorted((root / 'annotations/panoptic_val2017').iterdir())
    first.unlink()
    second.write_bytes(b'')
    assert problems(root) == [
        f'{first.parent}: 1 empty files: {second.name}',
        f'{root}/annotations/panoptic_val2017.json: 1 annotations without their picture: {first.stem}',
    ]


def test_a_missing_image_is_named_by_both_json_files(root: Path):
    image = min((root / 'val2017').iterdir())
    image.unlink()
    found = problems(root)
    assert [f'1 images without their file: {image.stem}' in problem for problem in found] == [True, True]


def test_a_json_cut_short_is_named(root: Path):
    path = root / 'annotations/instances_val2017.json'
    text = path.read_text(encoding='utf-8')
    path.write_text(text[: len(text) // 2], encoding='utf-8')
    (problem,) = problems(root)
    assert problem.startswith(f'{path}: no valid json')


@pytest.mark.parametrize(
    ('file', 'edit', 'message'),
    [
        ('panoptic', lambda c: c['images'].append(c['images'][0]), 'duplicate image id: 500001 (2 times)'),
        ('panoptic', lambda c: c['annotations'].pop(), 'no annotation for 1 of 2 images: 000000500002.jpg'),
        (
            'panoptic',
            lambda c: c['annotations'].append(c['annotations'][0]),
            'duplicate image id of annotations: 500001 (2 times)',
        ),
        ('panoptic', lambda c: c['annotations'][0].update(file_name='x.png'), "of another stem than their image: ('0"),
        (
            'panoptic',
            lambda c: c['annotations'][0]['segments_info'][0].update(category_id=12),
            'category_id 12 of segment ',
        ),
        ('instances', lambda c: c['annotations'][0].update(category_id=92), 'category_id 92 of annotation '),
        (
            'instances',
            lambda c: c['annotations'][0].update(image_id=7),
            'image ids of annotations that are not among its images: 7',
        ),
        (
            'instances',
            lambda c: c['categories'][0].update(name='human'),
            "that differ from the 80 of COCO: (1, 'human'",
        ),
        ('instances', lambda c: c['annotations'][0].pop('category_id'), "no 'category_id'; not a COCO instance json"),
        ('instances', lambda c: c.update(images=[], annotations=[]), 'its list of images is empty'),
    ],
)
def test_what_does_not_belong_together_is_named(root: Path, file: str, edit: Callable, message: str):
    path = root / f'annotations/{file}_val2017.json'
    change(path, edit)
    found = problems(root)
    assert any(problem.startswith(str(path)) and message in problem for problem in found), found


def test_the_order_of_categories_does_not_matter(root: Path):
    change(root / 'annotations/panoptic_val2017.json', lambda content: content['categories'].reverse())
    assert problems(root) == []


def test_long_lists_of_problems_are_shortened(root: Path):
    shutil.rmtree(root / 'val2017')
    (root / 'val2017').mkdir()
    change(
        root / 'annotations/panoptic_val2017.json',
        lambda c: c['images'].extend({**c['images'][0], 'id': i, 'file_name': f'{i}.jpg'} for i in range(9)),
    )
    assert any('11 images without their file' in problem and problem.endswith(', ...') for problem in problems(root))
