from __future__ import annotations

import json

import pytest

from mmmaskattn.datasets.coco_json import load_coco_json

KEYS = {'id', 'image_id'}


def content() -> dict:
    images = [dict(id=i, file_name=f'{i}.jpg', height=4, width=5) for i in (1, 2)]
    return dict(images=images, annotations=[dict(id=9, image_id=2)], categories=[dict(id=1, name='cell')], info={})


def load(tmp_path, text: str) -> dict:
    path = tmp_path / 'a.json'
    path.write_text(text)
    return load_coco_json(str(path), 'instance', KEYS)


def test_whole_json_is_returned(tmp_path):
    assert load(tmp_path, json.dumps(content())) == content()


def test_no_annotations_at_all_is_allowed(tmp_path):
    assert load(tmp_path, json.dumps({**content(), 'annotations': []}))['annotations'] == []


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', r'no valid json \(0 characters\)'),
        (json.dumps(content())[:-30], 'no valid json'),
        ('[1, 2]', 'a json list, expected an object'),
        ('{}', r"no list of \['images', 'annotations', 'categories'\] in it. Expected a COCO instance json"),
        (json.dumps({**content(), 'images': []}), 'its list of images is empty'),
        (json.dumps({**content(), 'images': {'1': 2}}), r"no list of \['images'\]"),
    ],
)
def test_empty_cut_and_foreign_jsons_are_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf'a\.json: {message}') as error:
        load(tmp_path, text)
    assert '\n' not in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.json'):
        load_coco_json(str(tmp_path / 'absent.json'), 'instance', KEYS)


@pytest.mark.parametrize(
    ('edit', 'message'),
    [
        (lambda c: c['images'][1].pop('height'), r"image 2 \(number 1 of its list\) has no \['height'\]"),
        (lambda c: c['annotations'][0].pop('image_id'), r"annotation 9 \(number 0 of its list\) has no \['image_id'\]"),
        (lambda c: c['images'][1].update(id=1), r'image ids \[1\] occur more than once'),
        (
            lambda c: c['annotations'][0].update(image_id=7),
            r'annotations of image ids \[7\], which are not in its list',
        ),
        (
            lambda c: c['annotations'].extend(dict(id=i, image_id=100 + i) for i in range(8)),
            r'image ids \[100, 101, 102, 103, 104\] and 3 more',
        ),
    ],
)
def test_wrong_entries_are_named(tmp_path, edit, message):
    changed = content()
    edit(changed)
    with pytest.raises(ValueError, match=rf'a\.json: .*{message}'):
        load(tmp_path, json.dumps(changed))
