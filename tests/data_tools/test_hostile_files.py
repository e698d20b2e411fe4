"""Hostile files through loader, check, shrink, prepare and browse: taken, or refused in one line that names them."""

from __future__ import annotations

import importlib.util
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_files import COLOURS, IMAGES, JSONS, LABEL_MAPS, PANOPTIC, SIZE, encoded
from mmcv.transforms import Compose

from mmmaskattn.data_tools.check import sample as check_room
from mmmaskattn.data_tools.check.annotation_json import check_annotation_json
from mmmaskattn.data_tools.prepare.split import PictureTask, image_size, read_labels
from mmmaskattn.data_tools.shrink.annotation_json import AnnotationStore, ImageRecords, Place, shrink_annotations
from mmmaskattn.data_tools.shrink.layouts import AnnotationFile
from mmmaskattn.data_tools.shrink.samples import Sample, shrink_sample
from mmmaskattn.datasets.coco import CocoInstanceDataset
from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS

TOOL = Path(__file__).parents[2] / 'tools/analysis/browse_dataset.py'
SPEC = importlib.util.spec_from_file_location('browse_dataset', TOOL)
browse_dataset = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(browse_dataset)
SECONDS = 30
RULES = check_room.SampleRules(('background', 'cell'), 2, size=(16, 16))
SEGMENTS = [
    dict(id=1, category=1, category_id=1, isthing=0, iscrowd=0),
    dict(id=2, category=0, category_id=2, isthing=1, iscrowd=0),
]
LOAD = dict(type='mmmaskattn.LoadLowResImage', size=16)
TEST_LOAD = (dict(type='LoadImageFromFile', backend_args=dict(backend='mmmaskattn.picture')),)


@pytest.fixture(autouse=True)
def _end_in_time() -> Iterator[None]:
    """A call that hangs, as on a pipe, fails."""

    def _stop(*_: Any) -> None:
        pytest.fail(f'not ended in {SECONDS} s')

    before = signal.signal(signal.SIGALRM, _stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def line_of(call: Callable[[], object], path: Path) -> str:
    """'' if a call accepts a file, else its refusal; any other exception than a refusal passes through."""
    refusal: Exception | None = None
    try:
        call()
    except (ValueError, OSError, AssertionError) as error:  # an AssertionError is mmcv's word for a damaged image
        refusal = error
    if refusal is None:
        return ''
    assert not isinstance(refusal, UnicodeError)
    line = str(refusal)
    assert '\n' not in line
    assert path.name in line
    assert len(line) < 500
    return line


def check(info: dict[str, Any]) -> None:
    """Refuse what the check of samples finds, with nothing of its net for unexpected exceptions."""
    report = check_room.SampleReport()
    check_room._check(RULES, info, report)
    fatal = [str(problem) for problem in report.problems if problem.fatal]
    if fatal:
        raise ValueError(fatal[0])


def shrink(root: Path, image: Path, *labels: Path) -> None:
    names = tuple((str(path.relative_to(root)), 1) for path in labels)
    sample = Sample(str(image.relative_to(root)), names)
    outcome = shrink_sample(root, root / 'copy', (16, 16), MAX_PIXELS, sample)
    if not isinstance(outcome, bool):
        raise ValueError(outcome.message)


def agree(found: dict[str, str]) -> None:
    """What check passes, loader and shrink take; what the loader refuses, check refuses."""
    assert bool(found['check']) == bool(found['shrink']), found
    if not found['check']:
        assert not any(found.values()), found


@pytest.fixture
def image(tmp_path) -> Path:
    path = tmp_path / 'image.png'
    path.write_bytes(encoded(COLOURS))
    return path


@pytest.mark.parametrize('name', IMAGES)
def test_images(tmp_path, name):
    path = tmp_path / 'hostile.png'
    IMAGES[name](path)
    info = dict(img_path=str(path), height=SIZE[0], width=SIZE[1])
    stated = name == 'another size'  # the loader of images knows no json
    found = {
        'loader': line_of(lambda: Compose([LOAD])(dict(info)), path),
        'test loader': line_of(lambda: Compose(TEST_LOAD)(dict(info)), path),
        'check': line_of(lambda: check({'img_path': str(path)} if stated else info), path),
        'shrink': line_of(lambda: shrink(tmp_path, path), path),
    }
    line_of(lambda: image_size(path), path)
    assert browse_dataset.read_original(str(path)) is None or not found['loader']
    if 'TIFF' not in name:  # mmcv's loader takes floats and 32 bits at some value
        assert bool(found['loader']) == bool(found['test loader']), found
    agree(found)


@pytest.mark.parametrize('name', LABEL_MAPS)
def test_label_maps(tmp_path, image, name):
    path = tmp_path / 'hostile.png'
    LABEL_MAPS[name](path)
    steps = [LOAD, dict(type='mmmaskattn.LoadSegMap'), dict(type='mmmaskattn.CheckSegMap', num_classes=2)]
    info = dict(img_path=str(image), seg_map_path=str(path))
    task = PictureTask('image.png', image, (path,), tmp_path / 'made.png')
    found = {
        'loader': line_of(lambda: Compose(steps)(dict(info)), path),
        'check': line_of(lambda: check(info), path),
        'shrink': line_of(lambda: shrink(tmp_path, image, path), path),
    }
    line_of(lambda: read_labels(path, task), path)
    agree(found)


@pytest.mark.parametrize('name', PANOPTIC)
def test_panoptic_pictures(tmp_path, image, name):
    path = tmp_path / 'hostile.png'
    PANOPTIC[name](path)
    info = dict(img_path=str(image), seg_map_path=str(path), segments_info=SEGMENTS)
    (tmp_path / 'copy').mkdir()
    (tmp_path / 'copy/image.png').write_bytes(image.read_bytes())
    entry = dict(id=1, file_name='image.png', height=SIZE[0], width=SIZE[1])
    annotation = dict(image_id=1, file_name='hostile.png', segments_info=SEGMENTS)

    def small() -> None:
        place = Place(tmp_path, tmp_path / 'copy', (16, 16), AnnotationFile('a.json', 'panoptic', '.', '.'))
        records = ImageRecords(json.dumps(entry).encode(), [json.dumps(annotation).encode()])
        problem = shrink_annotations(place, records).problem
        if problem:
            raise ValueError(problem.message)

    found = {
        'loader': line_of(lambda: Compose([LOAD, dict(type='mmmaskattn.LoadPanoptic')])(dict(info)), path),
        'semantic loader': line_of(
            lambda: Compose([dict(type='mmmaskattn.LoadPanopticAsSemantic'), LOAD])(dict(info)), path
        )
        if name != 'ids of another size'  # left to CheckSegMap
        else 'left out',
        'check': line_of(lambda: check(info), path),
        'shrink': line_of(small, path),
    }
    agree(found)


@pytest.mark.parametrize('name', JSONS)
def test_jsons(tmp_path, name):
    path = tmp_path / 'hostile.json'
    JSONS[name](path)
    (tmp_path / 'a.png').write_bytes(encoded(COLOURS))
    pipeline = [LOAD, dict(type='mmmaskattn.LoadInstances')]

    def read() -> CocoInstanceDataset:
        options = dict(data_root=str(tmp_path), ann_file=path.name, data_prefix=dict(img=''), pipeline=pipeline)
        return CocoInstanceDataset(**options, metainfo=dict(thing_classes=('cell',)))

    def check_json() -> None:
        fatal = [str(problem) for problem in check_annotation_json(str(path), 'instance')[1] if problem.fatal]
        if fatal:
            raise ValueError(fatal[0])

    found = {
        'reader': line_of(read, path),
        'check': line_of(check_json, path),
        'shrink': line_of(lambda: AnnotationStore(path, 'instance'), path),
    }
    agree(found)
    if not found['reader']:
        info = read().get_data_info(0)
        masks = {
            'loader': line_of(lambda: read()[0], tmp_path / 'a.png'),
            'check': line_of(lambda: check(info), tmp_path / 'a.png'),
        }
        assert bool(masks['loader']) == bool(masks['check']), masks
