"""Ids, categories and references of a json: each fault is one line with the value."""

import copy
import json

import pytest

from mmmaskattn.data_tools.check.annotation_json import check_annotation_json
from mmmaskattn.data_tools.mini import write_mini


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_mini('coco', tmp_path_factory.mktemp('data') / 'coco', num_train=3, num_val=2, size=(64, 80))


@pytest.fixture
def instances(root):
    return json.loads((root / 'annotations/instances_train2017.json').read_text())


@pytest.fixture
def panoptic(root):
    return json.loads((root / 'annotations/panoptic_train2017.json').read_text())


@pytest.fixture
def lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def _lines(content: dict, kind: str | None = None) -> list[str]:
        (tmp_path / 'a.json').write_text(json.dumps(content))
        return [str(problem) for problem in check_annotation_json('a.json', kind)[1]]

    return _lines


@pytest.fixture
def only_line(lines):
    def _only_line(content: dict) -> str:
        (line,) = lines(content)
        assert '\n' not in line
        return line

    return _only_line


def test_official_jsons_are_without_fault(instances, panoptic, lines):
    assert lines(instances) == []
    assert lines(panoptic) == []


def test_unknown_category_ids_are_named_with_where_they_are(instances, panoptic, only_line):
    instances['annotations'][1]['category_id'] = 999
    number = instances['annotations'][1]['id']
    assert only_line(instances).startswith(
        f'error: a.json: category_id 999 of annotation {number} is not among its categories (1, 2, '
    )
    segment = panoptic['annotations'][2]['segments_info'][0]
    segment['category_id'] = 0
    name = panoptic['annotations'][2]['file_name']
    assert f'category_id 0 of segment {segment["id"]} of {name} is not among' in only_line(panoptic)


def test_each_wrong_category_is_one_line_however_often_it_comes(instances, lines):
    for annotation in instances['annotations']:
        annotation['category_id'] += 1000
    wrong = {annotation['category_id'] for annotation in instances['annotations']}
    assert len(lines(instances)) == len(wrong)


@pytest.mark.parametrize(
    ('name', 'what'),
    [('annotations', 'annotation id of annotations'), ('images', 'image id'), ('categories', 'category id')],
)
def test_duplicate_ids_are_named(instances, name, what, only_line):
    twin = instances[name][0]
    other = copy.deepcopy(twin)
    if name == 'categories':
        other['name'] = 'other'
    if name == 'images':
        other['file_name'] = 'other.jpg'
    instances[name].append(other)
    assert only_line(instances) == f'error: a.json: duplicate {what}: {twin["id"]!r} (2 times); expected each once'


def test_duplicate_segments_and_annotations_are_named(panoptic, lines, only_line):
    first = panoptic['annotations'][0]
    first['segments_info'].append(dict(first['segments_info'][0]))
    number = first['segments_info'][0]['id']
    assert only_line(panoptic).startswith(f'error: a.json: duplicate {first["file_name"]}: segment id: {number}')
    first['segments_info'].pop()
    panoptic['annotations'].append(first)
    assert f'duplicate image id of annotations: {first["image_id"]} (2 times)' in '\n'.join(lines(panoptic))


def test_annotations_of_unknown_images_and_images_without_annotation(instances, panoptic, only_line):
    instances['annotations'][0]['image_id'] = 12345
    assert (
        only_line(instances)
        == 'error: a.json: image ids of annotations that are not among its images: 12345. Were two splits mixed?'
    )
    left_out = panoptic['annotations'].pop()
    name = next(image['file_name'] for image in panoptic['images'] if image['id'] == left_out['image_id'])
    assert only_line(panoptic) == f'error: a.json: no annotation for 1 of 3 images: {name}'


def test_a_missing_key_and_a_degenerate_polygon(instances, lines):
    instances['annotations'][0]['segmentation'] = [[1, 2, 3, 4]]
    (line,) = lines(instances)
    assert line.startswith('note: a.json: annotation ')
    assert 'a polygon of 4 numbers' in line
    del instances['images'][1]['width']
    assert lines(instances) == ["error: a.json: images[1] (id 2): no 'width'"]


def test_detectors_of_boxes_need_no_masks_and_no_names(instances, lines):
    for annotation in instances['annotations']:
        del annotation['segmentation']
    for image in instances['images']:
        image['coco_url'] = image.pop('file_name')
    assert lines(instances) == []
    assert len(lines(instances, 'instance')) == 2


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', '(0 bytes): the file is empty'),
        ('{"images": [', 'it is cut short'),
        ('[1, 2]', 'found [1, 2], expected a COCO box json'),
        ('{"a": 1}', "no list of ['images', 'annotations', 'categories'] in it, found []"),
    ],
)
def test_what_is_no_annotation_is_refused(tmp_path, text, expected):
    path = tmp_path / 'a.json'
    path.write_text(text)
    content, (problem,) = check_annotation_json(str(path))
    assert content is None
    assert expected in str(problem)
    assert str(problem).startswith(f'error: {path}: ')


def test_an_empty_json_and_a_missing_one(tmp_path, lines):
    path = tmp_path / 'a.json'
    assert str(check_annotation_json(str(path))[1][0]) == f'error: {path}: the annotation file is missing'
    path.write_text('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}]}')
    content, (problem,) = check_annotation_json(str(path))
    assert content is None
    assert str(problem).startswith(f'error: {path}: its list of images is empty')
