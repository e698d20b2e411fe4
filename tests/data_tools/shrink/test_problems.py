"""Damaged data: one clear line for each problem, the rest of the set unharmed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from shrink_data import draw_prepared, edit_json

from mmmaskattn.data_tools.shrink import shrink_dataset

FIRST = '000000000001'
PANOPTIC = 'annotations/panoptic_train2017.json'
INSTANCES = 'annotations/instances_train2017.json'


@pytest.fixture
def coco(tmp_path) -> Path:
    return draw_prepared('coco', tmp_path / 'coco')


def problems_of(source: Path, tmp_path: Path) -> list[str]:
    """Shrink and return the problems; each is one line."""
    report = shrink_dataset(source, tmp_path / 'copy', 32, workers=1)
    path = tmp_path / 'copy/.shrink/problems.txt'
    lines = path.read_text().splitlines() if path.exists() else []
    assert len(lines) == report.problems
    return lines


def damage_jpeg(root: Path) -> None:
    path = root / f'train2017/{FIRST}.jpg'
    path.write_bytes(path.read_bytes()[:-2000])


def damage_png(root: Path) -> None:
    path = root / f'annotations/panoptic_train2017/{FIRST}.png'
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ('damage', 'line'),
    [
        (damage_jpeg, rf'train2017/{FIRST}\.jpg: damaged picture of \d+ bytes'),
        (damage_png, rf'image 1: .*panoptic_train2017/{FIRST}\.png: damaged picture'),
        (lambda root: (root / f'train2017/{FIRST}.jpg').unlink(), rf'image 1: .*{FIRST}\.jpg is missing'),
        (lambda root: (root / f'train2017/{FIRST}.jpg').write_bytes(b''), rf'{FIRST}\.jpg: the file is empty'),
    ],
    ids=['truncated JPEG', 'corrupted PNG', 'missing image', 'empty image'],
)
def test_one_bad_file_is_named_and_left_out(coco, tmp_path, damage, line):
    damage(coco)
    lines = problems_of(coco, tmp_path)
    assert lines
    assert all(FIRST in found for found in lines)
    assert any(re.search(line, found) for found in lines)
    content = json.loads((tmp_path / 'copy' / PANOPTIC).read_text())
    assert [image['id'] for image in content['images']] == [2, 3]
    assert [annotation['image_id'] for annotation in content['annotations']] == [2, 3]
    assert (tmp_path / 'copy/val2017/000000500001.jpg').is_file()


def test_mended_file_is_taken_up_by_the_next_run(coco, tmp_path):
    whole = (coco / f'train2017/{FIRST}.jpg').read_bytes()
    damage_jpeg(coco)
    assert len(problems_of(coco, tmp_path)) == 1
    (coco / f'train2017/{FIRST}.jpg').write_bytes(whole)
    assert problems_of(coco, tmp_path) == []
    for path in (PANOPTIC, INSTANCES):
        assert len(json.loads((tmp_path / 'copy' / path).read_text())['images']) == 3


def drop_first(section: str):
    return lambda content: content.update({section: content[section][1:]})


def first_segment(**values):
    return lambda content: content['annotations'][0]['segments_info'][0].update(values)


def repeat_segment(content: dict) -> None:
    segments = content['annotations'][0]['segments_info']
    segments[1]['id'] = segments[0]['id']


@pytest.mark.parametrize(
    ('change', 'line'),
    [
        (drop_first('images'), 'panoptic_train2017.json: image ids of annotations that are not among its images: 1'),
        (drop_first('annotations'), 'no annotation for 1 of 3 images: 000000000001.jpg'),
        (drop_first('categories'), 'category_id 1 of segment '),
        (first_segment(category_id=999), 'category_id 999 of segment '),
        (first_segment(id=7), 'has segment ids ['),
        (repeat_segment, 'duplicate 000000000001.png: segment id: '),
        (lambda content: content['images'].append(content['images'][0]), 'duplicate image id: 1 (2 times)'),
        (
            lambda content: content['annotations'].append(content['annotations'][0]),
            'duplicate image id of annotations: 1 (2 times)',
        ),
        (lambda content: content['images'][0].update(height=5), 'but its annotation says (5, '),
        (lambda content: content['images'][0].pop('width'), "images[0] (id 1): no 'width'"),
        (lambda content: content['images'].clear() or content['annotations'].clear(), 'its list of images is empty'),
        (lambda content: content['annotations'][0].update(file_name='no.png'), 'no.png: the file is missing'),
    ],
)
def test_panoptic_json_with_an_error(coco, tmp_path, change, line):
    def alter(content: dict) -> dict:
        change(content)
        return content

    edit_json(coco / PANOPTIC, alter)
    lines = problems_of(coco, tmp_path)
    assert len(lines) == 1
    assert line in lines[0]
    assert PANOPTIC in lines[0]
    assert (tmp_path / 'copy' / INSTANCES).is_file()


@pytest.mark.parametrize(
    ('values', 'line'),
    [
        ({'segmentation': [[1, 2]]}, 'has a mask with no polygon'),
        ({'segmentation': {'size': [9, 9], 'counts': '9'}}, 'a run-length code of size [9, 9]'),
        ({'id': 'a'}, "annotations[0] (id 'a'): id: found 'a', expected int"),
        ({'category_id': 999}, 'category_id 999 of annotation '),
    ],
)
def test_instance_json_with_an_error(coco, tmp_path, values, line):
    edit_json(coco / INSTANCES, lambda content: content['annotations'][0].update(values))
    lines = problems_of(coco, tmp_path)
    assert len(lines) == 1
    assert line in lines[0]
    assert INSTANCES in lines[0]


@pytest.mark.parametrize('text', ['', '{"images": [', '[]', '{"images": 3'])
def test_damaged_json_is_one_line_and_no_copy_of_it(coco, tmp_path, text):
    (coco / INSTANCES).write_text(text)
    lines = problems_of(coco, tmp_path)
    assert len(lines) == 1
    assert 'instances_train2017.json' in lines[0]
    assert not (tmp_path / 'copy' / INSTANCES).exists()
    assert (tmp_path / 'copy' / PANOPTIC).is_file()


def test_panoptic_json_in_place_of_the_instance_one(coco, tmp_path):
    (coco / INSTANCES).write_bytes((coco / PANOPTIC).read_bytes())
    (line,) = problems_of(coco, tmp_path)
    assert 'not a COCO instance json' in line


def test_labels_without_image_and_image_without_labels(tmp_path):
    root = draw_prepared('ade20k', tmp_path / 'ade')
    stems = sorted(path.stem for path in (root / 'images/training').iterdir())
    (root / f'images/training/{stems[0]}.jpg').unlink()
    (root / f'annotations/training/{stems[1]}.png').unlink()
    lines = problems_of(root, tmp_path)
    assert any('its image images/training' in line and stems[0] in line for line in lines)
    assert any(f'annotations/training/{stems[1]}.png: the file is missing' in line for line in lines)
    copied = [path.stem for path in (tmp_path / 'copy/images/training').glob('[!.]*')]
    assert copied == [stems[2]]


def test_label_out_of_range_and_of_another_size(tmp_path):
    root = draw_prepared('ade20k', tmp_path / 'ade')
    first, second, _ = sorted((root / 'annotations/training').iterdir())
    labels = cv2.imread(str(first), cv2.IMREAD_UNCHANGED)
    labels[3, 4] = 200
    cv2.imwrite(str(first), labels)
    cv2.imwrite(str(second), np.zeros((20, 30), np.uint8))
    lines = problems_of(root, tmp_path)
    assert any(f'{first}: labels [200], expected 0 to 150 or 255.' in line for line in lines)
    assert any(f'{second}: (20, 30) (height, width), but its image is' in line for line in lines)


def test_stale_pictures_go_when_their_source_breaks(coco, tmp_path):
    assert problems_of(coco, tmp_path) == []
    made = tmp_path / f'copy/train2017/{FIRST}.jpg'
    assert made.is_file()
    damage_jpeg(coco)
    (line,) = problems_of(coco, tmp_path)
    assert FIRST in line
    assert not made.exists()
    assert len(json.loads((tmp_path / 'copy' / INSTANCES).read_text())['images']) == 2


@pytest.mark.parametrize('name', ['../../{}.jpg', '/tmp/{}.jpg'])
def test_no_name_of_a_json_leaves_the_copy(coco, tmp_path, name):
    edit_json(coco / INSTANCES, lambda content: content['images'][0].update(file_name=name.format(tmp_path.name)))
    (line,) = problems_of(coco, tmp_path)
    assert line.endswith('expected a relative name that stays in its folder')
    edit_json(coco / PANOPTIC, lambda content: content['annotations'][0].update(file_name=name.format(tmp_path.name)))
    before = {path for path in tmp_path.rglob('*') if 'copy' not in path.parts}
    assert len(problems_of(coco, tmp_path)) == 2
    assert {path for path in tmp_path.rglob('*') if 'copy' not in path.parts} == before


def test_links_in_the_copy_are_not_followed(coco, tmp_path):
    assert problems_of(coco, tmp_path) == []
    elsewhere = tmp_path / 'elsewhere'
    (tmp_path / 'copy/val2017').rename(elsewhere)
    (tmp_path / 'copy/val2017').symlink_to(elsewhere)
    photo = elsewhere / '000000500001.jpg'
    photo.write_bytes(b'mine')
    os.utime(photo, (0, 0))
    lines = problems_of(coco, tmp_path)
    assert len(lines) == 2
    assert all('val2017/0000005000' in line and f'leads out of {tmp_path / "copy"}' in line for line in lines)
    assert photo.read_bytes() == b'mine'
