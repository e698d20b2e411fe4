"""Ids, categories and references of a json: each fault is one line with the value."""

import copy
import json

import pytest

from mmmaskattn.data_tools.check.annotation_json import check_annotation_json, read_annotation_json
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


def lines(content: dict) -> list[str]:
    return [str(problem) for problem in check_annotation_json('a.json', content)]


def only_line(content: dict) -> str:
    (line,) = lines(content)
    assert '\n' not in line
    return line


def test_official_jsons_are_without_fault(instances, panoptic):
    assert lines(instances) == []
    assert lines(panoptic) == []


def test_unknown_category_ids_are_named_with_where_they_are(instances, panoptic):
    instances['annotations'][1]['category_id'] = 999
    number = instances['annotations'][1]['id']
    assert only_line(instances).startswith("error: a.json: category_id 999 is not among the json's categories (1, 2, ")
    assert only_line(instances).endswith(f'annotation {number}')
    segment = panoptic['annotations'][2]['segments_info'][0]
    segment['category_id'] = 0
    assert only_line(panoptic).endswith(f'segment {segment["id"]} of {panoptic["annotations"][2]["file_name"]}')


def test_each_wrong_category_is_one_line_however_often_it_comes(instances):
    for annotation in instances['annotations']:
        annotation['category_id'] += 1000
    wrong = {annotation['category_id'] for annotation in instances['annotations']}
    assert len(lines(instances)) == len(wrong)


@pytest.mark.parametrize(
    ('name', 'what'), [('annotations', 'annotation id'), ('images', 'image id'), ('categories', 'category id')]
)
def test_duplicate_ids_are_named(instances, name, what):
    twin = instances[name][0]
    other = copy.deepcopy(twin)
    if name == 'categories':
        other['name'] = 'other'
    if name == 'images':
        other['file_name'] = 'other.jpg'
    instances[name].append(other)
    assert only_line(instances) == f'error: a.json: duplicate {what}: {twin["id"]!r} (2 times); expected each once'


def test_duplicate_segments_and_annotations_are_named(panoptic):
    first = panoptic['annotations'][0]
    first['segments_info'].append(dict(first['segments_info'][0]))
    number = first['segments_info'][0]['id']
    assert only_line(panoptic).startswith(f'error: a.json: duplicate {first["file_name"]}: segment id: {number}')
    first['segments_info'].pop()
    panoptic['annotations'].append(first)
    assert f'duplicate annotation of image_id: {first["image_id"]} (2 times)' in '\n'.join(lines(panoptic))


def test_annotations_of_unknown_images_and_images_without_annotation(instances, panoptic):
    instances['annotations'][0]['image_id'] = 12345
    assert only_line(instances) == "error: a.json: image_id 12345 of 1 annotations is not among the json's images"
    left_out = panoptic['annotations'].pop()
    name = next(image['file_name'] for image in panoptic['images'] if image['id'] == left_out['image_id'])
    assert only_line(panoptic) == f'error: a.json: no annotation for 1 of 3 images: {name}'


def test_a_missing_key_and_a_degenerate_polygon(instances):
    del instances['images'][1]['width']
    instances['annotations'][0]['segmentation'] = [[1, 2, 3, 4]]
    first, second = lines(instances)
    assert first == "error: a.json: 1 of 3 images have no 'width': images[1]"
    assert second.startswith('note: a.json: annotation ')
    assert 'a polygon of 4 numbers' in second


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', 'the file is empty (0 bytes)'),
        ('{"images": [', 'not a whole json'),
        ('[1, 2]', 'found list, expected a COCO json'),
        ('{"a": 1}', "found ['a'], expected a COCO json with the lists images, annotations, categories"),
    ],
)
def test_what_is_no_annotation_is_refused(tmp_path, text, expected):
    path = tmp_path / 'a.json'
    path.write_text(text)
    content, (problem,) = read_annotation_json(str(path))
    assert content is None
    assert expected in str(problem)
    assert str(problem).startswith(f'error: {path}: ')


def test_an_empty_json_and_a_missing_one(tmp_path):
    path = tmp_path / 'a.json'
    assert str(read_annotation_json(str(path))[1][0]) == f'error: {path}: the annotation file is missing'
    path.write_text('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}]}')
    content, (problem,) = read_annotation_json(str(path))
    assert str(problem) == f'error: {path}: empty json: no entry in images, annotations'
    assert lines(content) == []
