"""The page in headless Chromium: the same segments as the runtime in Python, no request to elsewhere, its controls."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from browser import WEB, build, drive, missing, served
from exported_files import ATTENTION_NAMES, write_model
from PIL import Image

from mmmaskattn_runtime import ResultsFolder, RunLengths, Writer, load, read_picture
from mmmaskattn_runtime.saving import coco_instances

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    """The built page with a drawn model of each task."""
    folder = tmp_path_factory.mktemp('page')
    (folder / 'models').mkdir()
    for task in ('panoptic', 'instance', 'semantic'):
        write_model(folder / 'models' / f'{task}.onnx', task)
    write_model(folder / 'models' / 'attention.onnx', 'semantic', attention=ATTENTION_NAMES)
    return build(folder)


@pytest.fixture
def shot(tmp_path):
    """Bright and coloured spots on dark ground, at a size that no side of the network divides."""
    rows, columns = np.mgrid[:97, :203]
    picture = np.zeros((97, 203, 3))
    for y, x, radius, colour in (
        (25, 40, 18, 255),
        (70, 150, 22, 250),
        (72, 40, 20, (255, 190, 220)),
        (20, 160, 9, 255),
    ):
        picture[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = colour
    Image.fromarray(picture.astype(np.uint8)).save(tmp_path / 'shot.png')
    return tmp_path / 'shot.png'


def assert_same_instances(found, expected):
    assert [(one['category_id'], one['iscrowd']) for one in found] == [(one['category_id'], 0) for one in expected]
    for one, other in zip(found, expected):
        assert one['score'] == pytest.approx(other['score'], abs=1e-4)
        assert one['bbox'] == pytest.approx(other['bbox'], abs=1)
        masks = [RunLengths.from_coco(each['segmentation']).to_mask() for each in (one, other)]
        assert masks[0].sum() == one['area']
        assert (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum() > 0.99


def test_the_same_segments_as_in_python(page, shot, tmp_path):
    steps = [['wait']]
    for task in ('panoptic', 'instance', 'semantic'):
        steps += [['choose', f'{task}.onnx'], ['upload', '#file', str(shot)], ['text', '#status'], ['label'],
                  ['download', '#save-csv', f'{task}.csv']]  # fmt: skip
        steps += [['download', '#save-coco', f'{task}.json']] if task != 'semantic' else []
    steps += [['download', '#save-png', 'drawn.png']]
    with served(page) as url:
        said = drive(tmp_path, url, steps)
        elsewhere = [one for one in said['requests'] if not one.startswith((url, f'blob:{url}'))]
    assert elsewhere == []
    assert said['errors'] == []
    assert said['answers'][3].startswith('shot.png: 3 cell, 1 dirt, ground')
    for task in ('panoptic', 'instance'):
        expected = load(page / 'models' / f'{task}.onnx')(shot)
        assert_same_instances(
            json.loads((tmp_path / f'{task}.json').read_text())['annotations'], coco_instances(expected)
        )
        rows = list(csv.DictReader((tmp_path / f'{task}.csv').open()))
        assert [row['class'] for row in rows] == [one.name for one in expected.objects]
        assert [int(row['area']) for row in rows] == pytest.approx([one.area for one in expected.objects], abs=2)
    rows = list(csv.DictReader((tmp_path / 'semantic.csv').open()))
    areas = load(page / 'models/semantic.onnx')(shot).areas()
    assert {row['class']: int(row['area']) for row in rows} == pytest.approx(areas, abs=3)
    assert Image.open(tmp_path / 'drawn.png').size == (609, 291)  # three times as large, to be legible


def test_controls_keyboard_and_pointer(page, shot, tmp_path):
    tabs = [step for _ in range(6) for step in (['key', 'Tab'], ['focused'])]
    steps = [*tabs, ['upload', '#file', str(shot)], ['pixel', 0.2, 0.26], ['slide', '#opacity', 0],
             ['pixel', 0.2, 0.26], ['hover', 0.2, 0.26], ['hover', 0.5, 0.5],
             ['paste', str(shot)], ['text', '#status'], ['drop', str(shot)], ['text', '#status'],
             ['focus', '#objects button'], ['text', '#objects .shown'], ['label']]  # fmt: skip
    with served(page) as url:
        answers = drive(tmp_path, f'{url}?model=panoptic', [['wait'], *steps])['answers'][1:]
    assert answers[1:12:2] == ['Skip to the result', 'model', 'file', 'shot', 'live', 'A model of your own']
    answers = answers[12:]
    assert answers[1] != answers[3] == [255, 255, 255, 255]
    assert answers[4].startswith('1 cell 0.90, ')
    assert answers[5] == 'ground'
    assert answers[7].startswith('pasted.png: 3 cell')
    assert answers[9].startswith('dropped.png: 3 cell')
    assert answers[11].strip().startswith('1 cell 0.90, ')  # pointed out by keyboard, too
    assert answers[12].startswith('dropped.png with what was found: 3 cell')


def test_what_the_attention_keeps(page, tmp_path):
    """Of a picture whose left half is bright: the first attention keeps that, the second the other half."""
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, :48] = 200
    Image.fromarray(picture).save(tmp_path / 'halves.png')
    look = (['pixel', 0.2, 0.5], ['pixel', 0.8, 0.5])
    steps = [['wait'], ['hidden', '#attention-row'], ['choose', 'attention.onnx'], ['hidden', '#attention-row'],
             ['upload', '#file', str(tmp_path / 'halves.png')], *look, ['click', '#attention'], *look,
             ['text', '#attention-note'], ['select', '#attention-map', ATTENTION_NAMES[1]], *look,
             ['click', '#attention'], *look, ['hidden', '#attention-note']]  # fmt: skip
    with served(page) as url:
        said = drive(tmp_path, f'{url}?model=panoptic', steps)
    answers = said['answers']
    assert (answers[1], answers[3]) == (True, False)
    left, right = answers[5:7]
    kept_left, kept_right = answers[8:10]
    assert kept_left == left
    assert sum(kept_right[:3]) < 0.3 * sum(right[:3])
    assert '32x32 cells it keeps 0.00 to 0.78' in answers[10]
    assert sum(answers[12][:3]) < 0.4 * sum(left[:3])
    assert answers[13] == right
    assert answers[15:] == [left, right, True]
    assert said['errors'] == []
    kept = load(page / 'models/attention.onnx').attention(tmp_path / 'halves.png')
    assert [kept[name][16, 2] for name in ATTENTION_NAMES] == pytest.approx([200 / 255, 55 / 255], abs=0.01)


def test_models_that_ship_and_their_examples(tmp_path):
    """Each by its title, with the picture that the page offers for it; the networks are drawn ones."""
    known = json.loads((WEB / 'models.json').read_text())
    (tmp_path / 'page/models').mkdir(parents=True)
    for one in known:
        write_model(tmp_path / 'page/models' / f'{one["name"]}.onnx', 'semantic')
    steps = [['wait'], ['text', '#model']]
    for one in known:
        steps += [['choose', f'{one["name"]}.onnx'], ['text', '#about'], ['hidden', '#example']]
        steps += [['click', '#example'], ['text', '#status']] if 'example' in one else []
    with served(build(tmp_path / 'page')) as url:
        answers = drive(tmp_path, url, steps)['answers']
    assert answers[1].split('\n') == [one['title'] for one in known]
    answers = iter(answers[2:])
    for one in known:
        next(answers)
        assert next(answers).startswith(one['about'])
        assert next(answers) is ('example' not in one)
        if 'example' in one:
            next(answers)
            assert next(answers).startswith(f'{Path(one["example"]).name}: ')


def test_licences_of_all_that_the_page_consists_of(page):
    text = (page / 'licences.txt').read_text()
    package = json.loads((WEB / 'package.json').read_text())
    version = package['dependencies']['onnxruntime-web']
    for line in (f'onnxruntime-web {version}: MIT', 'Copyright (c) Microsoft Corporation', 'Apache License'):
        assert line in text
    assert 'href="licences.txt"' in (page / 'index.html').read_text()


def test_what_is_chosen_while_a_model_is_loaded(page, shot, tmp_path):
    """A picture waits for the model; of two models the later one counts; where one fails the one before stays."""
    (tmp_path / 'foreign.onnx').write_bytes(b'no network')
    again, last = (shutil.copy(shot, tmp_path / f'{name}.png') for name in ('again', 'last'))
    steps = [['upload', '#file', str(shot)], ['text', '#status'],
             ['slow', 'instance.onnx', 1500], ['hurry', 'instance.onnx'], ['choose', 'semantic.onnx'], ['pause', 2500],
             ['upload', '#file', str(again)], ['text', '#status'], ['value', '#model'],
             ['upload', '#own', str(tmp_path / 'foreign.onnx')], ['text', '#problem'], ['value', '#model'],
             ['upload', '#file', str(last)], ['text', '#status']]  # fmt: skip
    with served(page) as url:
        said = drive(tmp_path, f'{url}?model=panoptic', steps)
    answers = said['answers']
    assert answers[1].startswith('shot.png: 3 cell')
    areas = answers[7].split('. ')[0]  # then the milliseconds
    assert areas.startswith('again.png: ground')
    assert answers[8] == answers[11] == 'semantic.onnx'
    assert answers[10] == 'foreign.onnx: it is no ONNX file'
    assert answers[13].split('. ')[0] == areas.replace('again', 'last')
    assert said['errors'] == []


def test_broken_huge_and_foreign_files(page, tmp_path):
    (tmp_path / 'broken.png').write_bytes(b'\x89PNG\r\n\x1a\n' + bytes(50))
    Image.new('RGB', (8000, 5000), 'white').save(tmp_path / 'huge.png')
    (tmp_path / 'foreign.onnx').write_bytes(b'no network')
    shutil.copy(page / 'models' / 'semantic.onnx', tmp_path / 'own.onnx')
    steps = [['wait'], ['upload', '#file', str(tmp_path / 'broken.png')], ['text', '#problem'],
             ['upload', '#file', str(tmp_path / 'huge.png')], ['text', '#caption'], ['text', '#status'],
             ['upload', '#own', str(tmp_path / 'foreign.onnx')], ['text', '#problem'],
             ['upload', '#own', str(tmp_path / 'own.onnx')], ['text', '#about'], ['text', '#status']]  # fmt: skip
    with served(page) as url:
        said = drive(tmp_path, f'{url}?model=panoptic', steps)
    answers = said['answers']
    assert answers[2].startswith('broken.png: this browser cannot read it')
    assert '8000 x 5000 pixels, worked on at 2591 x 1619' in answers[4]
    assert answers[5].startswith('huge.png: 3 cell, 1 dirt')
    assert answers[7] == 'foreign.onnx: it is no ONNX file'
    assert 'semantic, 4 classes' in answers[9]
    assert answers[10].startswith('huge.png: ')
    assert all('\n' not in one for one in (answers[2], answers[7]))
    assert said['errors'] == []


def test_camera_phone_and_dark(page, tmp_path):
    steps = [['wait'], ['click', '#shot'], ['text', '#status'], ['press', '#live'], ['pause', 2500], ['text', '#rate'],
             ['click', '#live'], ['text', '#status'], ['hidden', '#rate'], ['width']]  # fmt: skip
    with served(page) as url:
        said = drive(tmp_path, url, steps, width=390, height=844, dark=True, camera=True)
    answers = said['answers']
    assert answers[2].startswith('camera: ')
    assert answers[5].endswith('frames a second')
    assert answers[7] == 'Camera stopped; its last frame is shown.'
    assert answers[8] is True
    assert answers[9] == 390
    assert said['errors'] == []


@pytest.mark.parametrize('task', ['panoptic', pytest.param('semantic', marks=pytest.mark.long)])
def test_results_of_a_folder(page, shot, tmp_path, task):
    """The page shows and hands over what was written; of a picture that is gone colours alone."""
    model = load(page / 'models' / f'{task}.onnx')
    writer = Writer(tmp_path / 'found', model.classes)
    gone = shutil.copy(shot, tmp_path / 'gone.png')
    for path in (shot, gone):
        writer.add(model(path), read_picture(path))
    writer.close()
    gone.unlink()
    steps = [['wait'], ['text', '#status'], ['hover', 0.2, 0.26], ['download', '#save-csv', 'a.csv'],
             ['click', '#next'], ['text', '#status'], ['hidden', '#choose']]  # fmt: skip
    with served(page, ResultsFolder(tmp_path / 'found')) as url:
        said = drive(tmp_path, f'{url}?results', steps)
    answers = said['answers']
    assert answers[1].startswith('shot.png, 1 of 2: ')
    assert answers[2].startswith('1 cell, ' if task == 'panoptic' else 'red')
    assert answers[5].startswith('gone.png, 2 of 2: ')
    assert answers[6] is True
    rows = list(csv.DictReader((tmp_path / 'a.csv').open()))
    expected = [row for row in csv.DictReader((tmp_path / 'found/objects.csv').open()) if row['picture'] == str(shot)]
    assert [(row['class'], row['area'], row['left']) for row in rows] == [
        (row['class'], row['area'], row['left']) for row in expected
    ]
    assert said['errors'] == []
