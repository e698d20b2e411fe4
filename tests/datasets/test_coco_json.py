from __future__ import annotations

import json
import re

import pytest

from mmmaskattn.datasets.coco_json import load_coco_json, map_json


def annotation(**values) -> dict:
    mask = [[0, 0, 3, 0, 3, 3]]
    return dict(id=9, image_id=2, category_id=1, bbox=[0, 0, 3, 3], segmentation=mask, **values)


def content() -> dict:
    images = [dict(id=i, file_name=f'{i}.jpg', height=4, width=5) for i in (1, 2)]
    return dict(images=images, annotations=[annotation()], categories=[dict(id=1, name='cell')], info={})


def load(tmp_path, text: str | bytes) -> dict:
    path = tmp_path / 'a.json'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_coco_json(str(path), 'instance')


def test_whole_json_is_returned(tmp_path):
    assert load(tmp_path, json.dumps(content())) == content()


def test_no_annotations_at_all_is_allowed(tmp_path):
    assert load(tmp_path, json.dumps({**content(), 'annotations': []}))['annotations'] == []


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (b'', r'no valid json \(0 bytes\): the file is empty'),
        (json.dumps(content()).encode()[:-30], r'no valid json \(\d+ bytes\): it is cut short'),
        (b'[1, 2]', r'found \[1, 2\], expected a COCO instance json'),
        (b'{}', r"no list of \['images', 'annotations', 'categories'\] in it, found \[\]. Expected a COCO instance"),
        (json.dumps({**content(), 'images': []}).encode(), 'its list of images is empty'),
        (json.dumps({**content(), 'images': {'1': 2}}).encode(), r"no list of \['images'\]"),
        (b'\x80\x04\x95pickled', 'no valid json'),
        (b'{"images": "\xff"}', 'no valid json .*: not UTF-8'),
        (b'{"images": ' + b'[' * 100_000 + b']' * 100_000 + b'}', 'no valid json .*: brackets nested too deep'),
        (
            b'{"images": [{"id": 1, "height": NaN}]}',
            "no valid json .*: found 'NaN.*' at byte 32 after .*, expected a finite number",
        ),
        (b'{"images": [1e999]}', 'no valid json .*: Number out of range'),
    ],
)
def test_empty_cut_and_foreign_jsons_are_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf'a\.json: {message}') as error:
        load(tmp_path, text)
    assert '\n' not in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.json'):
        load_coco_json(str(tmp_path / 'absent.json'), 'instance')


def test_a_byte_order_mark_is_passed_over(tmp_path):
    assert load(tmp_path, b'\xef\xbb\xbf' + json.dumps(content()).encode()) == content()


def image(**values):
    return lambda c: c['images'][1].update(values)


def instance(**values):
    return lambda c: c['annotations'][0].update(values)


def add_strangers(c: dict) -> None:
    c['annotations'] += [{**annotation(), 'id': i, 'image_id': 100 + i} for i in range(8)]


INSIDE = 'expected a relative name that stays in its folder'


@pytest.mark.parametrize(
    ('edit', 'message'),
    [
        (lambda c: c['images'][1].pop('height'), "images[1] (id 2): no 'height'"),
        (lambda c: c['annotations'][0].pop('image_id'), "annotations[0] (id 9): no 'image_id'; not a COCO instance"),
        (lambda c: c['images'].append(None), 'images[2]: found null, expected object'),
        (lambda c: c['categories'].append(dict(id=1, name='x')), 'duplicate category id: 1 (2 times)'),
        (lambda c: c['categories'].append(dict(id=2, name='cell')), "duplicate category name: 'cell' (2 times)"),
        (lambda c: c['categories'][0].pop('name'), "categories[0] (id 1): no 'name'"),
        (lambda c: c.update(categories=['a']), "categories[0]: found 'a', expected object"),
        (image(id=1), 'duplicate image id: 1 (2 times); expected each once'),
        (image(file_name='1.jpg'), "duplicate file_name: '1.jpg' (2 times)"),
        (image(height=None), 'images[1] (id 2): height: found null, expected int'),
        (image(height='96'), "images[1] (id 2): height: found '96', expected int"),
        (image(height=96.0), 'images[1] (id 2): height: found 96.0, expected int'),
        (image(height=0), 'images[1] (id 2): height: found 0, expected int >= 1'),
        (image(width=True), 'images[1] (id 2): width: found True, expected int'),
        (image(id='x'), "images[1] (id 'x'): id: found 'x', expected int"),
        (image(id=1e12), 'id: found 1000000000000.0, expected int'),
        (image(id=[1]), 'id: found [1], expected int'),
        (image(file_name='../../x.png'), f"file_name: found '../../x.png', {INSIDE}"),
        (image(file_name='a/../../x.png'), f"file_name: found 'a/../../x.png', {INSIDE}"),
        (image(file_name='..\\x.png'), INSIDE),
        (image(file_name='/etc/x.png'), INSIDE),
        (image(file_name='C:\\x.png'), INSIDE),
        (image(file_name=''), INSIDE),
        (instance(bbox=[]), 'annotations[0] (id 9): bbox: found [], expected array of length 4'),
        (instance(bbox=None), 'bbox: found null, expected array'),
        (instance(iscrowd='0'), "iscrowd: found '0', expected 0 or 1"),
        (instance(iscrowd='no'), "iscrowd: found 'no', expected 0 or 1"),
        (instance(iscrowd=None), 'iscrowd: found null, expected 0 or 1'),
        (instance(iscrowd=2), 'iscrowd: found 2, expected 0 or 1'),
        (instance(segmentation=None), 'segmentation: found null, expected '),
        (instance(segmentation=[0, 0, 3, 0, 3, 3]), 'segmentation[0]: found 0, expected array'),
        (instance(segmentation=[['a'] * 6]), "segmentation[0][0]: found 'a', expected float"),
        (instance(segmentation=[[0, 0, 0.6, 0, 0.6, 0.6]]), 'no coordinate of a mask is over 0.6. Expected pixels'),
        (instance(segmentation=dict(size=[4, 5])), "no 'counts' in segmentation"),
        (instance(category_id=5), 'category_id 5 of annotation 9 is not among its categories (1)'),
        (instance(image_id=7), 'image ids of annotations that are not among its images: 7'),
        (add_strangers, 'are not among its images: 100, 101, 102, 103, 104, ... (8 in all)'),
    ],
)
def test_wrong_entries_are_named(tmp_path, edit, message):
    changed = content()
    edit(changed)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        load(tmp_path, json.dumps(changed))
    assert str(error.value).startswith(f'{tmp_path / "a.json"}: ')
    assert '\n' not in str(error.value)


def test_faults_of_one_kind_are_one_line(tmp_path):
    changed = content()
    changed['annotations'] = [{**annotation(), 'id': i, 'bbox': None} for i in range(1000)]
    with pytest.raises(ValueError, match=r'annotations\[0\] .*, expected array \(so are 999 more\)$'):
        load(tmp_path, json.dumps(changed))


def test_names_with_dots_are_no_way_out(tmp_path):
    changed = content()
    changed['images'][1]['file_name'] = 'a..b/..c...png'
    assert load(tmp_path, json.dumps(changed)) == changed


def test_entries_are_found_without_decoding(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(content(), indent=1))
    assert {key: [json.loads(bytes(entry)) for entry in entries] for key, entries in map_json(path).items()} == {
        key: value for key, value in content().items() if isinstance(value, list)
    }
