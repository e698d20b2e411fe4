"""The check of whole configs: sound data passes, each fault is one line, and the check goes on after it."""

import json
import shutil
from pathlib import Path

import cv2
import mmdet
import mmseg
import numpy as np
import pytest
from mmengine.config import Config
from shrink_data import draw_prepared

from mmmaskattn.data_tools.check import CheckReport, check_config
from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.data_tools.shrink import shrink_dataset
from mmmaskattn.datasets.panoptic_png import rgb_to_id
from mmmaskattn.datasets.transforms.low_res_resize import resize_labels

ROOT = Path(__file__).parents[3]
DATA = ROOT / '../shared/data'
MMDET = Path(mmdet.__file__).parent / '.mim/configs'
MMSEG = Path(mmseg.__file__).parent / '.mim/configs'
ADE20K = ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py'
MASK_RCNN = MMDET / 'mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py'
PANOPTIC_FPN = MMDET / 'panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py'


@pytest.fixture(scope='module')
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp('sound')
    for layout in ('ade20k', 'coco', 'cityscapes'):
        write_mini(layout, folder / layout, num_train=4, num_val=2, size=(64, 96))
    return folder


@pytest.fixture
def ade20k(sound, tmp_path):
    return Path(shutil.copytree(sound / 'ade20k', tmp_path / 'ade20k'))


@pytest.fixture
def coco(sound, tmp_path):
    return Path(shutil.copytree(sound / 'coco', tmp_path / 'coco'))


def load(config: Path, root: Path) -> Config:
    """Read a config and point every data set at ``root``."""
    cfg = Config.fromfile(config)
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].dataset.data_root = f'{root}/'
    return cfg


def base(name: str, root: Path, scope: str = 'mmdet') -> Config:
    """A data set's base config, which has no model."""
    cfg = load(ROOT / f'configs/_base_/datasets/{name}_128.py', root)
    cfg.default_scope = scope
    return cfg


def check(cfg: Config, *splits: str) -> CheckReport:
    return check_config(cfg, splits or ('train',), workers=1)


def errors(cfg: Config, *splits: str) -> list[str]:
    found = [str(problem) for problem in check(cfg, *splits).problems if problem.fatal]
    assert all('\n' not in line for line in found)
    return found


def change_json(path: Path, change) -> Path:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


# Sound data


@pytest.mark.parametrize('layout', ['ade20k', 'coco', 'cityscapes'])
def test_mini_sets_are_fit_for_our_configs(sound, layout):
    cfg = load(ROOT / f'configs/maskattn/{layout}_semantic_128_tiny.py', sound / layout)
    report = check(cfg, 'train', 'val', 'test')
    assert report.errors == 0
    assert [(s.split, s.images, s.size) for s in report.statistics] == [
        ('train', 4, (128, 128)),
        ('val', 2, (128, 128)),  # test is the same data and is not read twice
    ]


@pytest.mark.parametrize('name', ['coco_instance', 'coco_panoptic'])
def test_mini_coco_is_fit_for_instances_and_panoptic(sound, name):
    report = check(base(name, sound / 'coco'), 'train', 'val')
    assert [str(problem) for problem in report.problems if problem.fatal] == []
    assert all(statistics.has_instances for statistics in report.statistics)


@pytest.mark.parametrize('layout', ['ade20k', 'cityscapes'])
def test_prepared_mini_sets_are_fit_for_instances_and_panoptic_and_so_are_their_copies(layout, tmp_path):
    root = draw_prepared(layout, tmp_path / layout, num_train=2, num_val=1)
    assert shrink_dataset(root, tmp_path / 'copy', 64, workers=1).problems == 0
    for task in ('instance', 'panoptic'):
        for data in (root, tmp_path / 'copy'):
            report = check(base(f'{layout}_{task}', data), 'train', 'val')
            assert [str(problem) for problem in report.problems if problem.fatal] == []
            assert [statistics.images for statistics in report.statistics] == [2, 1]
            assert report.statistics[0].has_instances


@pytest.mark.parametrize('config', [MASK_RCNN, PANOPTIC_FPN])
def test_mini_coco_is_fit_for_mmdets_own_configs(sound, config):
    report = check(load(config, sound / 'coco'))
    assert [str(problem) for problem in report.problems if problem.fatal] == []
    (statistics,) = report.statistics
    assert statistics.images == 4
    assert statistics.class_instances.sum() > 0


def test_mini_ade20k_is_fit_for_mmsegs_own_config(sound):
    report = check(load(MMSEG / 'fcn/fcn_r50-d8_4xb4-80k_ade20k-512x512.py', sound / 'ade20k'))
    assert report.errors == 0
    assert report.statistics[0].size == (512, 512)


# Figures


def test_frequencies_and_sizes_are_those_at_the_networks_size(sound):
    """Recounted from the files with nothing of the check."""
    root = sound / 'coco'
    (statistics,) = check(base('coco_panoptic', root)).statistics
    content = json.loads((root / 'annotations/panoptic_train2017.json').read_text())
    things = {category['id'] for category in content['categories'] if category['isthing']}
    sizes, pixels = [], 0
    for annotation in content['annotations']:
        picture = cv2.imread(str(root / 'annotations/panoptic_train2017' / annotation['file_name']))
        ids = resize_labels(rgb_to_id(picture[..., ::-1]), (128, 128))
        for segment in annotation['segments_info']:
            if not segment['iscrowd']:
                count = int((ids == segment['id']).sum())
                pixels += count
                sizes += [count] if segment['category_id'] in things else []
    assert sorted(statistics.sizes.elements()) == sorted(sizes)
    assert statistics.pixels.sum() == pixels


def test_instance_sizes_follow_the_size_asked_for(sound):
    cfg = base('coco_instance', sound / 'coco')
    large, small = (check_config(cfg, ('train',), size=size, workers=1).statistics[0] for size in ((64, 64), (16, 16)))
    assert sum(large.sizes.values()) == sum(small.sizes.values())
    ratio = sum(large.sizes.elements()) / sum(small.sizes.elements())
    assert ratio == pytest.approx(16, rel=0.25)


def test_tiny_and_vanished_instances_are_counted(coco):
    def change(content):
        image = next(i for i in content['images'] if i['id'] == content['annotations'][0]['image_id'])
        pixels = np.zeros((image['height'], image['width']), bool)
        pixels[4, 5:8] = True
        runs = np.flatnonzero(np.diff(pixels.T.ravel(), prepend=False, append=True)).tolist()
        counts = np.diff([0, *runs, pixels.size][: len(runs) + 1]).tolist()
        content['annotations'][0]['segmentation'] = {'size': list(pixels.shape), 'counts': counts}
        sizes.append(pixels.shape)

    sizes: list[tuple[int, int]] = []
    change_json(coco / 'annotations/instances_train2017.json', change)
    cfg = base('coco_instance', coco)
    native, small = (check_config(cfg, ('train',), size=s, workers=1).statistics[0] for s in (sizes[0], (16, 16)))
    assert (native.tiny, native.sizes[3]) == (1, 1)
    assert small.vanished == 1


# Faults


def test_every_faulty_file_is_named_and_the_check_goes_on(ade20k):
    images = sorted((ade20k / 'images/training').iterdir())
    labels = sorted((ade20k / 'annotations/training').iterdir())
    content = images[0].read_bytes()
    images[0].write_bytes(content[: len(content) // 2])
    damaged = bytearray(labels[1].read_bytes())
    damaged[len(damaged) // 2] ^= 64
    labels[1].write_bytes(damaged)
    labels[2].unlink()
    picture = cv2.imread(str(labels[3]), cv2.IMREAD_UNCHANGED)
    picture[3:5, 7:9] = 200
    cv2.imwrite(str(labels[3]), picture)
    found = errors(load(ADE20K, ade20k), 'train', 'val')
    assert len(found) == 4
    assert found[0].startswith(f'error: {images[0]}: image: damaged picture of {len(content) // 2} bytes')
    assert found[1].startswith(f'error: {labels[1]}: label map of {images[1]}: damaged picture')
    assert found[2] == f'error: {labels[2]}: label map of {images[2]}: the file is missing'
    assert found[3] == (
        f'error: {labels[3]}: labels [200] on 4 pixels, expected 0 to 149 after reduce_zero_label, or 255 (ignored)'
    )


def test_pairs_that_do_not_match_are_found(ade20k):
    labels = sorted((ade20k / 'annotations/training').iterdir())
    cv2.imwrite(str(labels[0]), np.ones((10, 20), np.uint8))
    (ade20k / 'annotations/training/stray.png').write_bytes(labels[1].read_bytes())
    report = check(load(ADE20K, ade20k))
    stray, size = map(str, report.problems)
    assert stray.startswith(f'note: {ade20k}/annotations/training/stray.png: a label map whose image is not in ')
    assert '(10, 20) (height, width), but its image' in size
    assert report.errors == 1


def test_an_image_with_nothing_in_it_is_a_note(ade20k):
    label = sorted((ade20k / 'annotations/training').iterdir())[0]
    cv2.imwrite(str(label), np.zeros_like(cv2.imread(str(label), cv2.IMREAD_UNCHANGED)))
    report = check(load(ADE20K, ade20k))
    (note,) = map(str, report.problems)
    assert note.startswith('note: ')
    assert 'nothing in it' in note
    assert (report.errors, report.statistics[0].empty) == (0, 1)


def test_fewer_outputs_than_classes_are_found_in_model_and_pipeline(sound):
    cfg = load(ADE20K, sound / 'ade20k')
    cfg.merge_from_dict({'model.decode_head.num_classes': 19, 'train_dataloader.dataset.pipeline.2.num_classes': 19})
    assert errors(cfg) == [
        'error: model.decode_head.num_classes: 19, but train_dataloader.dataset has 150 classes; set it to 150',
        'error: train_dataloader.dataset.pipeline.2.num_classes: 19, but train_dataloader.dataset has 150 classes; '
        'set it to 150',
    ]


def test_a_missing_root_names_the_option_and_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv('ADE20K_ROOT', str(tmp_path / 'gone'))
    first, second = errors(Config.fromfile(ADE20K), 'train', 'val')
    assert first.startswith(f'error: train_dataloader.dataset.data_root: {tmp_path}/gone does not exist')
    assert 'ADE20K_ROOT' in first
    assert second.startswith('error: val_dataloader.dataset.data_root: ')


def test_an_empty_folder_is_an_error(ade20k):
    for path in (ade20k / 'images/training').iterdir():
        path.unlink()
    found = errors(load(ADE20K, ade20k))
    option = 'train_dataloader.dataset.data_prefix.img_path'
    assert found == [f'error: {option}: {ade20k}/images/training: no file named *.jpg in it or below.']


@pytest.mark.parametrize('name', ['coco_instance', 'coco_panoptic', 'coco_semantic'])
def test_wrong_category_ids_are_one_line(coco, name):
    task = 'instances' if name == 'coco_instance' else 'panoptic'

    def change(content):
        first = content['annotations'][0]
        (first['segments_info'][0] if task == 'panoptic' else first)['category_id'] = 999

    path = change_json(coco / f'annotations/{task}_train2017.json', change)
    found = errors(base(name, coco, 'mmseg' if name == 'coco_semantic' else 'mmdet'))
    assert found[0].startswith(f'error: {path}: category_id 999 of ')
    assert 'is not among its categories' in found[0]
    assert found[1:] == ['error: train_dataloader.dataset: its images are not checked before its json is mended']


def test_what_mmdet_drops_without_a_word_is_told(coco):
    path = change_json(
        coco / 'annotations/instances_train2017.json', lambda c: c['annotations'][0].update(category_id=999)
    )
    (found,) = errors(load(MASK_RCNN, coco))
    assert found.startswith(f'error: {path}: category_id 999 of annotation ')


@pytest.mark.parametrize('name', ['coco_instance', 'coco_panoptic'])
def test_duplicate_ids_are_named(coco, name):
    task = name.removeprefix('coco_').replace('instance', 'instances')

    def change(content):
        rows = content['annotations'] if task == 'instances' else content['annotations'][0]['segments_info']
        rows[1]['id'] = rows[0]['id']

    path = change_json(coco / f'annotations/{task}_train2017.json', change)
    found = errors(base(name, coco))
    assert found[0].startswith(f'error: {path}: duplicate ')
    assert '(2 times); expected each once' in found[0]


@pytest.mark.parametrize('name', ['coco_instance', 'coco_panoptic'])
@pytest.mark.parametrize('text', ['', '{}', '{"images": [], "annotations": [], "categories": []}'])
def test_an_empty_json_is_an_error_and_the_other_split_is_still_checked(coco, name, text):
    task = name.removeprefix('coco_').replace('instance', 'instances')
    path = coco / f'annotations/{task}_train2017.json'
    path.write_text(text)
    cfg = base(name, coco)
    report = check(cfg, 'train', 'val')
    assert report.errors >= 1
    assert str(report.problems[0]).startswith(f'error: {path}: ')
    assert 'Traceback' not in str(report.problems)
    assert [(s.split, s.images) for s in report.statistics] == [('val', 2)]


def test_panoptic_pictures_that_disagree_with_their_json(coco):
    folder = coco / 'annotations/panoptic_train2017'
    names = sorted(path.name for path in folder.iterdir())
    picture = cv2.imread(str(folder / names[0]))
    picture[:2, :3] = (1, 2, 3)  # BGR
    cv2.imwrite(str(folder / names[0]), picture)
    (folder / names[1]).unlink()
    content = (folder / names[2]).read_bytes()
    (folder / names[2]).write_bytes(content[: len(content) // 2])
    found = '\n'.join(errors(base('coco_panoptic', coco)))
    number = 3 + 256 * 2 + 65536 * 1
    assert f'{names[0]}: segment ids [{number}] are in the picture but not in the json' in found
    assert f'{names[1]}: panoptic picture of' in found
    assert 'the file is missing' in found
    assert f'{names[2]}: panoptic picture of' in found
    assert len(found.splitlines()) == 3


def test_masks_and_sizes_that_disagree_with_the_image(coco):
    def change(content):
        content['annotations'][0]['segmentation'] = {'size': [5, 5], 'counts': [25]}

    path = coco / 'annotations/instances_train2017.json'
    change_json(path, change)
    (found,) = errors(base('coco_instance', coco))
    assert 'has a run-length code of size [5, 5]' in found
    change_json(path, lambda content: content['images'][0].update(width=7))
    assert any('but its annotation says' in line for line in errors(base('coco_instance', coco)))


def test_mmdets_labels_in_the_jsons_order_are_told(coco):
    path = change_json(coco / 'annotations/instances_train2017.json', lambda content: content['categories'].reverse())
    (found,) = errors(load(MASK_RCNN, coco))
    assert found.startswith(f'error: {path}: category ')
    assert "numbers labels in the json's order" in found


def test_ours_do_not_depend_on_the_jsons_order(coco):
    change_json(coco / 'annotations/instances_train2017.json', lambda content: content['categories'].reverse())
    assert errors(base('coco_instance', coco)) == []


def test_a_config_without_data_is_an_error():
    assert errors(Config(dict(default_scope='mmseg')), 'train')[0].endswith('no data set in train_dataloader')


# Real data


@pytest.mark.skipif(not (DATA / 'camvid128').is_dir(), reason='no CamVid in ../shared/data/camvid128')
def test_camvid_is_fit(monkeypatch):
    monkeypatch.setenv('CAMVID_ROOT', str(DATA / 'camvid128'))
    report = check_config(Config.fromfile(ROOT / 'configs/maskattn/camvid_semantic_128_tiny.py'), workers=2)
    assert report.problems == []
    assert [statistics.images for statistics in report.statistics] == [367, 101, 233]


@pytest.mark.skipif(not (DATA / 'dsb2018_128').is_dir(), reason='no DSB2018 in ../shared/data/dsb2018_128')
@pytest.mark.parametrize('task', ['instance', 'panoptic'])
def test_dsb2018_is_fit_and_both_tasks_have_the_same_sizes(task, monkeypatch):
    monkeypatch.setenv('DSB2018_ROOT', str(DATA / 'dsb2018_128'))
    cfg = Config.fromfile(ROOT / f'configs/maskattn/dsb2018_{task}_128.py')
    report = check_config(cfg, ('val',), workers=2)
    assert report.errors == 0
    (statistics,) = report.statistics
    assert (statistics.images, sum(statistics.sizes.values())) == (63, 3024)
    assert statistics.size_quantiles()[50] == 27
