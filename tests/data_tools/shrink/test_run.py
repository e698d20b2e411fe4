"""What a run writes, refuses, and does when it was stopped before."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from shrink_data import LAYOUTS, contents, draw_prepared, edit_json

from mmmaskattn.data_tools.shrink import shrink_dataset
from mmmaskattn.datasets.panoptic_png import rgb_to_id
from mmmaskattn.datasets.transforms.low_res_resize import resize_labels

REPOSITORY = Path(__file__).parents[3]
JSONS = {
    'ade20k': ('ade20k_panoptic_train.json', 'ade20k_instance_train.json'),
    'coco': ('annotations/panoptic_train2017.json', 'annotations/instances_train2017.json'),
    'cityscapes': (
        'annotations/cityscapes_panoptic_train.json',
        'annotations/instancesonly_filtered_gtFine_train.json',
    ),
}


@pytest.fixture(scope='module', params=LAYOUTS)
def layout(request) -> str:
    return request.param


@pytest.fixture(scope='module')
def native(layout, tmp_path_factory) -> Path:
    return draw_prepared(layout, tmp_path_factory.mktemp('native') / layout)


@pytest.fixture(scope='module')
def copy(native, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp('copy') / 'data'
    shrink_dataset(native, target, (32, 48), workers=1)
    return target


@pytest.fixture
def coco(tmp_path) -> Path:
    return draw_prepared('coco', tmp_path / 'coco')


def test_same_files_at_the_new_size(native, copy):
    assert set(contents(copy)) == {name for name in contents(native) if not name.startswith('.')}
    for path in copy.rglob('*'):
        if path.suffix in ('.jpg', '.png'):
            with Image.open(path) as small, Image.open(native / path.relative_to(copy)) as large:
                assert (small.size, small.mode) == ((48, 32), large.mode)


def test_cityscapes_instance_ids_keep_16_bits(tmp_path):
    native = draw_prepared('cityscapes', tmp_path / 'native')
    shrink_dataset(native, tmp_path / 'copy', 32, workers=1)
    paths = list((tmp_path / 'copy').rglob('*_instanceIds.png'))
    for path in paths:
        large = cv2.imread(str(native / path.relative_to(tmp_path / 'copy')), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), resize_labels(large, (32, 32)))
    assert max(cv2.imread(str(path), cv2.IMREAD_UNCHANGED).max() for path in paths) > 1000


def test_palette_of_label_pictures_is_kept(tmp_path):
    native = draw_prepared('ade20k', tmp_path / 'native')
    path = next((native / 'annotations/training').iterdir())
    indexed = Image.open(path).convert('L')
    indexed.putpalette([255 - i // 3 for i in range(768)])
    indexed.save(path)
    shrink_dataset(native, tmp_path / 'copy', 32, workers=1)
    small = Image.open(tmp_path / 'copy' / path.relative_to(native))
    assert small.mode == 'P'
    assert small.getpalette() == indexed.getpalette()
    assert np.array_equal(np.asarray(small), resize_labels(np.asarray(indexed), (32, 32)))


def test_panoptic_json_describes_its_pictures(native, copy, layout):
    name = JSONS[layout][0]
    content = json.loads((copy / name).read_text())
    folder = copy / {'coco': 'annotations', 'cityscapes': 'gtFine'}.get(layout, '') / Path(name).stem
    assert content['categories'] == json.loads((native / name).read_text())['categories']
    assert {(image['height'], image['width']) for image in content['images']} == {(32, 48)}
    assert len(content['annotations']) == 3
    for annotation in content['annotations']:
        ids = rgb_to_id(np.asarray(Image.open(folder / annotation['file_name'])))
        assert {segment['id'] for segment in annotation['segments_info']} == set(np.unique(ids).tolist()) - {0}
        for segment in annotation['segments_info']:
            rows, columns = np.nonzero(ids == segment['id'])
            left, top, width, height = segment['bbox']
            assert segment['area'] == len(rows)
            assert (left, top) == (columns.min(), rows.min())
            assert (left + width, top + height) == (columns.max() + 1, rows.max() + 1)


def test_pycocotools_reads_the_instance_json(native, copy, layout):
    name = JSONS[layout][1]
    small, large = COCO(str(copy / name)), COCO(str(native / name))
    assert small.imgs.keys() == large.imgs.keys()
    assert 0 < len(small.anns) <= len(large.anns)
    covered = {number: np.zeros((32, 48), int) for number in small.imgs}
    for annotation in small.anns.values():
        mask = small.annToMask(annotation)
        assert mask.shape == (32, 48)
        assert mask.sum() == annotation['area'] > 0
        covered[annotation['image_id']] += mask
        original = large.anns[annotation['id']]
        assert annotation['category_id'] == original['category_id']
        assert annotation['iscrowd'] == original['iscrowd']
        inside = resize_labels(large.annToMask(original), (32, 48))
        assert not np.any(mask > inside)
    assert max(cover.max() for cover in covered.values()) == 1  # each pixel belongs to one instance


def polygon(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top, right, top, right, bottom, left, bottom]]


def annotate(content: dict, shapes: list, crowds=()) -> dict:
    """Give the first image the shapes as its only annotations."""
    first = content['images'][0]
    common = {'image_id': first['id'], 'category_id': 1, 'bbox': [0, 0, 1, 1], 'area': 1}
    content['annotations'] = [
        {'id': i, **common, 'iscrowd': int(i in crowds), 'segmentation': shape} for i, shape in enumerate(shapes, 1)
    ]
    return content


def test_overlaps_vanishing_and_crowds(coco, tmp_path):
    path = coco / JSONS['coco'][1]
    first = json.loads(path.read_text())['images'][0]
    height, width = first['height'], first['width']
    whole, tiny = polygon(0, 0, width, height), polygon(0.1, 0.1, 1, 1)
    left_half = polygon(0, 0, width // 2, height)
    edit_json(path, lambda content: annotate(content, [left_half, whole, tiny], crowds=[2]))
    report = shrink_dataset(coco, tmp_path / 'copy', 16, workers=1)
    content = json.loads((tmp_path / 'copy' / JSONS['coco'][1]).read_text())
    found = {annotation['id']: annotation for annotation in content['annotations']}
    assert {number: one['area'] for number, one in found.items()} == {1: 128, 2: 128}
    assert found[2]['bbox'] == [8, 0, 8, 16]
    (counts,) = [one for one in report.annotations if one.path == JSONS['coco'][1]]
    assert (counts.images, counts.kept, counts.dropped, counts.emptied) == (3, 2, 1, 0)
    assert '2 instances, 1 dropped' in counts.line()


def test_second_run_writes_nothing(native, copy):
    before = {path: path.stat().st_mtime_ns for path in copy.rglob('*') if path.name != 'lock' and path.is_file()}
    report = shrink_dataset(native, copy, (32, 48), workers=1)
    after = {path: path.stat().st_mtime_ns for path in copy.rglob('*') if path.name != 'lock' and path.is_file()}
    assert after == before
    assert sum(split.written for split in report.splits) == 0
    assert all(counts.unchanged for counts in report.annotations)
    assert len(report.annotations) == 4


def test_changed_source_is_made_anew(coco, tmp_path):
    target = tmp_path / 'copy'
    shrink_dataset(coco, target, 32, workers=1)
    image = next((coco / 'train2017').iterdir())
    cv2.imwrite(str(image), cv2.imread(str(image))[:, ::-1])
    later = time.time_ns() + 10**9
    os.utime(image, ns=(later, later))
    before = (target / image.relative_to(coco)).read_bytes()
    report = shrink_dataset(coco, target, 32, workers=1)
    assert [split.written for split in report.splits] == [1, 0]
    assert (target / image.relative_to(coco)).read_bytes() != before


def test_workers_and_interruption_give_the_same_bytes(coco, tmp_path):
    shrink_dataset(coco, tmp_path / 'one', 32, workers=1)
    for path in ('train2017/000000000002.jpg', 'annotations/panoptic_train2017/000000000001.png'):
        target = tmp_path / 'two' / path
        target.parent.mkdir(parents=True)
        shutil.copy(tmp_path / 'one' / path, target)
    (tmp_path / 'two/.shrink').mkdir()
    state = json.loads((tmp_path / 'one/.shrink/state.json').read_text())
    (tmp_path / 'two/.shrink/state.json').write_text(json.dumps({**state, 'finished': {}}))
    (tmp_path / 'two/train2017/.000000000001.jpg.99.partial').write_bytes(b'half')
    shrink_dataset(coco, tmp_path / 'two', 32, workers=2)
    assert contents(tmp_path / 'two') == contents(tmp_path / 'one')
    assert not list((tmp_path / 'two').rglob('.*.partial'))


@pytest.mark.long
def test_killed_run_is_gone_on_with(tmp_path):
    native = draw_prepared('coco', tmp_path / 'native', num_train=60, size=(240, 320))
    command = [sys.executable, str(REPOSITORY / 'tools/data/shrink.py'), str(native), str(tmp_path / 'killed')]
    run = subprocess.Popen([*command, '--size', '64'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = tmp_path / 'killed/train2017'
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list(folder.glob('*.jpg'))) < 5:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    made = len(list(folder.glob('[!.]*.jpg')))
    assert 5 <= made < 60
    report = shrink_dataset(native, tmp_path / 'killed', 64, workers=2)
    assert report.problems == 0
    assert report.splits[0].there >= 5
    shrink_dataset(native, tmp_path / 'whole', 64, workers=1)
    assert contents(tmp_path / 'killed') == contents(tmp_path / 'whole')


def test_refusals(coco, tmp_path):
    with pytest.raises(ValueError, match='same folder'):
        shrink_dataset(coco, coco / '.', 32)
    with pytest.raises(ValueError, match='lies within'):
        shrink_dataset(coco, coco / 'small', 32)
    with pytest.raises(ValueError, match='size=8'):
        shrink_dataset(coco, tmp_path / 'copy', 8)
    with pytest.raises(ValueError, match="layout: found 'voc'"):
        shrink_dataset(coco, tmp_path / 'copy', 32, layout='voc')
    with pytest.raises(FileNotFoundError, match='no such folder'):
        shrink_dataset(tmp_path / 'absent', tmp_path / 'copy', 32)
    with pytest.raises(FileNotFoundError, match='cityscapes: leftImg8bit/train or'):
        shrink_dataset(coco, tmp_path / 'copy', 32, layout='cityscapes')
    assert not (tmp_path / 'copy').exists()


def test_target_with_other_content_is_refused_and_untouched(coco, tmp_path):
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/thesis.txt').write_text('x')
    with pytest.raises(FileExistsError, match='not empty'):
        shrink_dataset(coco, tmp_path / 'mine', 32)
    assert [path.name for path in (tmp_path / 'mine').iterdir()] == ['thesis.txt']
    shrink_dataset(coco, tmp_path / 'copy', 32, workers=1)
    with pytest.raises(FileExistsError, match='other options'):
        shrink_dataset(coco, tmp_path / 'copy', 64, workers=1)


def test_two_layouts_in_one_root_must_be_chosen_between(coco, tmp_path):
    (coco / 'leftImg8bit/train').mkdir(parents=True)
    with pytest.raises(ValueError, match='coco and cityscapes'):
        shrink_dataset(coco, tmp_path / 'copy', 32)
    assert shrink_dataset(coco, tmp_path / 'copy', 32, layout='coco', workers=1).layout == 'coco'


def test_what_the_copy_lacks_is_said(coco, tmp_path):
    (coco / 'annotations/captions_train2017.json').write_text('{}')
    (coco / 'test2017').mkdir()
    (coco / 'train2017/notes.txt').write_text('x')
    lines = shrink_dataset(coco, tmp_path / 'copy', 32, workers=1).lines()
    assert '  not in the copy: annotations/captions_train2017.json' in lines
    assert '  not in the copy: test2017' in lines
    assert '  not in the copy: train2017/**/*.txt (1 files)' in lines
