"""What the readers refuse, prepare, shrink and check refuse too, in the same words; and the other way round."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import DATASETS

from mmmaskattn.data_tools.check.annotation_json import check_annotation_json
from mmmaskattn.data_tools.check.sample import SampleRules, check_sample
from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.data_tools.prepare.coco import check_coco
from mmmaskattn.data_tools.shrink import shrink_dataset
from mmmaskattn.datasets.categories import COCO_INSTANCE_CATEGORIES

JSONS = {'instance': 'annotations/instances_train2017.json', 'panoptic': 'annotations/panoptic_train2017.json'}
READERS = {
    'instance': ['mmmaskattn.CocoInstanceDataset'],
    'panoptic': ['mmmaskattn.CocoPanopticDataset', 'mmmaskattn.CocoPanopticSemanticDataset'],
}


@pytest.fixture(scope='module')
def mini(tmp_path_factory) -> Path:
    return write_mini('coco', tmp_path_factory.mktemp('data') / 'coco', num_train=2, num_val=1, size=(48, 64))


@pytest.fixture
def root(mini, tmp_path) -> Path:
    return Path(shutil.copytree(mini, tmp_path / 'coco'))


def edit(path: Path, change) -> dict:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return content


def build(name: str, root: Path, ann_file: str):
    semantic = name.endswith('SemanticDataset')
    keys, loader = ('img_path', 'seg_map_path'), 'LoadPanopticAsSemantic'
    if not semantic:
        keys, loader = ('img', 'seg'), 'LoadPanoptic' if 'Panoptic' in name else 'LoadInstances'
    prefix = dict(zip(keys, ('train2017', 'annotations/panoptic_train2017')))
    pipeline = [dict(type='mmmaskattn.LoadLowResImage', size=32), dict(type=f'mmmaskattn.{loader}')]
    return DATASETS.build(
        dict(type=name, data_root=str(root), ann_file=ann_file, data_prefix=prefix, pipeline=pipeline)
    )


def refusals(kind: str, root: Path, tmp_path: Path) -> list[str]:
    """What each of them says of the json, without the file's name."""
    path = root / JSONS[kind]
    said = []
    for name in READERS[kind]:
        with pytest.raises(ValueError, match=r'.') as error:
            build(name, root, JSONS[kind])
        said.append(str(error.value))
    said += [f'{problem.where}: {problem.what}' for problem in check_annotation_json(str(path), kind)[1][:1]]
    shrink_dataset(root, tmp_path / 'copy', 32, workers=1)
    log = (tmp_path / 'copy/.shrink/problems.txt').read_text().splitlines()
    said += [line for line in log if line.startswith(str(path))][:1]
    (report,) = check_coco(root, ['train'])
    said += [line for line in report.problems if line.startswith(str(path))][:1]
    assert all(line.startswith(f'{path}: ') and '\n' not in line for line in said)
    return [line.removeprefix(f'{path}: ').partition(' (1 further')[0] for line in said]


def first(section: str, **values):
    return lambda content: content[section][0].update(values)


def first_segment(**values):
    return lambda content: content['annotations'][0]['segments_info'][0].update(values)


@pytest.mark.parametrize(
    ('kind', 'change'),
    [
        ('instance', first('images', height='48')),
        ('instance', first('images', file_name='../../x.png')),
        ('instance', first('annotations', bbox=None)),
        ('instance', first('annotations', segmentation=None)),
        ('instance', first('annotations', iscrowd='no')),
        ('instance', first('annotations', category_id=12)),
        ('instance', lambda c: c['annotations'].append(None)),
        ('instance', lambda c: c['annotations'].append(c['annotations'][0])),
        ('panoptic', first('annotations', segments_info=None)),
        ('panoptic', first('annotations', file_name='/x.png')),
        ('panoptic', first_segment(id=2.0)),
        ('panoptic', first_segment(iscrowd='0')),
        ('panoptic', lambda c: c['annotations'].pop()),
        ('panoptic', lambda c: c.pop('images')),
    ],
)
def test_of_a_json(root, tmp_path, kind, change):
    edit(root / JSONS[kind], change)
    said = refusals(kind, root, tmp_path)
    assert len(said) == len(READERS[kind]) + 3
    assert len(set(said)) == 1, said


@pytest.mark.parametrize('content', [b'', b'{"images": [', b'\xff', b'{"a": ' + b'[' * 100_000, b'[NaN]'])
def test_of_what_is_no_json(root, tmp_path, content):
    (root / JSONS['panoptic']).write_bytes(content)
    said = refusals('panoptic', root, tmp_path)
    assert len(said) == 5
    assert len(set(said)) == 1, said


class Harmful:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize('name', [*READERS['instance'], *READERS['panoptic']])
def test_a_pickle_runs_no_code(root, tmp_path, name):
    (root / 'a.pkl').write_bytes(pickle.dumps(Harmful(tmp_path / 'ran')))
    with pytest.raises(ValueError, match=r'a\.pkl: no valid json'):
        build(name, root, 'a.pkl')
    assert not (tmp_path / 'ran').exists()


def sample_errors(name: str, root: Path, kind: str) -> tuple[str, list[str]]:
    """What the loader and the check say of the first sample."""
    dataset = build(name, root, JSONS[kind])
    classes = tuple(category.name for category in COCO_INSTANCE_CATEGORIES)
    report = check_sample(SampleRules(classes, 133), dataset.get_data_info(0))
    with pytest.raises(ValueError, match=r'.') as error:
        dataset[0]
    return str(error.value), [f'{problem.where}: {problem.what}' for problem in report.problems if problem.fatal]


@pytest.mark.parametrize(
    'mask',
    [
        dict(size=[48, 64], counts=[7, 9]),
        dict(size=[5, 5], counts=[25]),
        dict(size=[48, 64], counts='9'),
        [[1, 2, 3, 4]],
        [[0, 0, 30, 0, 30, 1e30]],
    ],
)
@pytest.mark.parametrize('crowd', [0, 1])
def test_of_a_mask(root, mask, crowd):
    edit(root / JSONS['instance'], first('images', height=48, width=64))
    content = edit(root / JSONS['instance'], first('annotations', segmentation=mask, iscrowd=crowd))
    name = content['images'][0]['file_name']
    content['annotations'][0]['image_id'] = content['images'][0]['id']
    (root / JSONS['instance']).write_text(json.dumps(content))
    cv2.imwrite(str(root / 'train2017' / name), np.zeros((48, 64, 3), np.uint8))
    said, found = sample_errors('mmmaskattn.CocoInstanceDataset', root, 'instance')
    assert said in found


@pytest.mark.parametrize('kind', ['instance', 'panoptic'])
def test_of_a_size_that_is_not_the_files(root, kind):
    edit(root / JSONS[kind], lambda c: [image.update(width=image['width'] + 1) for image in c['images']])
    for name in READERS[kind]:
        said, found = sample_errors(name, root, kind)
        assert 'but its annotation says' in said
        assert said in found


def repaint(path: Path, convert) -> None:
    cv2.imwrite(str(path), convert(cv2.imread(str(path))))


@pytest.mark.parametrize(
    'convert',
    [
        lambda colours: colours.astype(np.uint16) * 257,
        lambda colours: cv2.cvtColor(colours, cv2.COLOR_BGR2BGRA),
        lambda colours: colours[..., 0],
    ],
    ids=['16 bits', 'alpha', 'grey'],
)
def test_of_a_panoptic_picture(root, convert):
    for path in (root / 'annotations/panoptic_train2017').iterdir():
        repaint(path, convert)
    said, found = sample_errors('mmmaskattn.CocoPanopticDataset', root, 'panoptic')
    assert 'expected the 8-bit RGB picture' in said
    assert said in found
