"""Every layout of labels becomes a config whose data is what was drawn."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from long_tests import first_of
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from own_pictures import CLASSES, draw_images, draw_labels, write_coco, write_panoptic, write_picture
from PIL import Image
from pycocotools import mask as coco_mask

from mmmaskattn.data_tools.check import check_config
from mmmaskattn.data_tools.init import Given, init_folder
from mmmaskattn.datasets.transforms.coco_masks import to_run_lengths
from mmmaskattn_console.console import main

SEMANTIC = {
    'indices': ('class_0', 'class_1', 'class_2'),
    'suffixed': ('class_0', 'class_1', 'class_2'),
    'palette': ('class_0', 'class_1', 'class_2'),
    'levels': ('class_0', 'class_100', 'class_200'),
    'binary': ('background', 'object'),
    'blurred': ('background', 'object'),
    'colours': ('colour_000000', 'colour_0078fa', 'colour_c80000'),
}
INSTANCES = {
    'ids': ('object',),
    'binary': ('object',),
    'object_folders': ('object',),
    'object_files': ('object',),
    'labelme': CLASSES,
    'yolo': CLASSES,
    'coco': ('square', 'disc'),
}


def begin(root: Path, layout: str, task: str | None = None, **options):
    scenes = draw_images(root, **options)
    given = dict(images=root / 'images', workers=1)
    if layout == 'coco':
        given['coco'] = write_coco(root, scenes)
    elif layout == 'panoptic':
        given['coco'] = write_panoptic(root, scenes)
    else:
        draw_labels(root, layout, scenes)
        given |= dict(labels=root / 'labels', task=task)
    return scenes, init_folder(Given(**given), root / 'out')


def fatal(config: Path) -> list[str]:
    return [str(one) for one in check_config(Config.fromfile(config), workers=1).problems if one.fatal]


def samples(config: Path) -> dict[str, dict]:
    """Entries of both splits, by the stem of the picture."""
    cfg = Config.fromfile(config)
    init_default_scope(cfg.default_scope)
    found = {}
    for split in ('train', 'val'):
        dataset = DATASETS.build(dict(cfg[f'{split}_dataloader'].dataset, pipeline=[], filter_cfg=None))
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            found[Path(info['img_path']).stem] = dict(info, classes=dataset.metainfo['classes'])
    return found


@pytest.mark.parametrize('layout', SEMANTIC)
def test_label_pictures(layout, tmp_path):
    scenes, report = begin(tmp_path, layout)
    assert tuple(report.found.classes) == SEMANTIC[layout]
    assert report.found.pictures == {'train': 6, 'val': 1}
    found = samples(report.config)
    several = len(SEMANTIC[layout]) > 2
    order = {'colours': (0, 2, 1)}.get(layout, (0, 1, 2))
    for scene in scenes:
        stored = np.asarray(Image.open(found[scene.name]['seg_map_path']))
        drawn = scene.painted(lambda _, label: order[label + 1] if several else 1)
        assert (stored != drawn).mean() < (0.001 if layout == 'blurred' else 1e-9)
    assert fatal(report.config) == []
    assert (tmp_path / 'out/data/labels').exists() == (layout not in ('indices', 'palette', 'suffixed'))


@pytest.mark.parametrize('layout', INSTANCES)
def test_instances(layout, tmp_path):
    scenes, report = begin(tmp_path, layout, 'instance' if layout in ('ids', 'binary') else None)
    assert tuple(report.found.classes) == INSTANCES[layout]
    assert report.found.task == 'instance'
    found = samples(report.config)
    several = len(INSTANCES[layout]) > 1
    for scene in scenes:
        instances = found[scene.name]['instances']
        assert len(instances) == len(scene.objects)
        kept = set()
        for number, (label, _) in enumerate(scene.objects, 1):
            drawn = scene.mask(number) > 0
            overlaps = [coco_mask.decode(to_run_lengths(one['mask'], scene.size)).astype(bool) for one in instances]
            ious = [(drawn & one).sum() / (drawn | one).sum() for one in overlaps]
            best = int(np.argmax(ious))
            assert ious[best] > 0.85  # polygons leave out half of the pixels of the edge
            name = found[scene.name]['classes'][instances[best]['bbox_label']]
            assert name == (CLASSES[label] if several else 'object')
            kept.add(best)
        assert len(kept) == len(scene.objects)
    assert fatal(report.config) == []
    assert report.found.most_objects <= 4


def test_panoptic(tmp_path):
    _, report = begin(tmp_path, 'panoptic')
    cfg = Config.fromfile(report.config)
    assert (cfg.model.segment_head.num_things, cfg.model.segment_head.num_stuff) == (2, 1)
    assert cfg.thing_classes == CLASSES
    assert fatal(report.config) == []


def test_labelme_beside_the_pictures(tmp_path):
    scenes = draw_images(tmp_path)
    draw_labels(tmp_path, 'labelme', scenes)
    for path in (tmp_path / 'labels').iterdir():
        path.rename(tmp_path / 'images' / path.name)
    report = init_folder(Given(tmp_path / 'images', tmp_path / 'images', workers=1), tmp_path / 'out')
    assert sum(report.found.pictures.values()) == len(scenes)
    assert report.found.left_out == ['7 shapes of the kind point enclose nothing']


def test_pictures_deeper_than_the_json_says(tmp_path):
    """As CVAT exports them."""
    scenes = draw_images(tmp_path)
    (tmp_path / 'images').rename(tmp_path / 'default')
    (tmp_path / 'images').mkdir()
    (tmp_path / 'default').rename(tmp_path / 'images/default')
    report = init_folder(Given(tmp_path / 'images', coco=write_coco(tmp_path, scenes), workers=1), tmp_path / 'out')
    assert fatal(report.config) == []


def test_a_picture_without_yolo_file_has_no_object(tmp_path):
    scenes = draw_images(tmp_path)
    draw_labels(tmp_path, 'yolo', scenes[1:])
    report = init_folder(Given(tmp_path / 'images', tmp_path / 'labels', workers=1), tmp_path / 'out')
    assert sum(report.found.pictures.values()) == len(scenes)
    assert samples(report.config)[scenes[0].name]['instances'] == []


@pytest.mark.parametrize(
    ('name', 'text', 'classes'),
    [
        ('classes.txt', 'a\nb\nc\n', ('a', 'b', 'c')),
        ('classes.json', '{"classes": ["a", "b", "c"]}', ('a', 'b', 'c')),
        ('data.yaml', 'names:\n  1: b\n  0: a\n  2: c\n', ('a', 'b', 'c')),
        ('classes.json', '{"other": {"x": 1}}', ('class_0', 'class_1', 'class_2')),
    ],
)
def test_names_are_found_beside_the_labels(name, text, classes, tmp_path):
    draw_labels(tmp_path, 'indices', draw_images(tmp_path))
    (tmp_path / name).write_text(text)
    report = init_folder(Given(tmp_path / 'images', tmp_path / 'labels', workers=1), tmp_path / 'out')
    assert tuple(report.found.classes) == classes


def test_the_folder_can_be_moved(tmp_path):
    begin(tmp_path, 'binary')
    (tmp_path / 'out').rename(tmp_path / 'elsewhere')
    assert fatal(tmp_path / 'elsewhere/config.py') == []


def test_suffixes_that_differ_are_written_anew(tmp_path):
    scenes, report = begin(tmp_path, 'indices', suffixes=('.jpg', '.png'))
    assert (tmp_path / 'out/data/labels/shot_1.png.png').is_file()
    assert set(samples(report.config)) == {scene.name for scene in scenes}
    assert fatal(report.config) == []


def test_pictures_with_a_split_keep_it(tmp_path):
    scenes = draw_images(tmp_path)
    draw_labels(tmp_path, 'indices', scenes)
    for folder in ('images', 'labels'):
        for number, path in enumerate(sorted((tmp_path / folder).iterdir())):
            place = tmp_path / folder / ('train' if number < 4 else 'valid' if number < 6 else 'test') / path.name
            place.parent.mkdir(exist_ok=True)
            path.rename(place)
    report = init_folder(Given(tmp_path / 'images', tmp_path / 'labels', workers=1), tmp_path / 'out')
    assert report.found.pictures == {'train': 4, 'val': 2, 'test': 1}
    assert (tmp_path / 'out/data/val.txt').read_text() == 'valid/shot_4\nvalid/shot_5\n'
    assert fatal(report.config) == []


def test_the_split_is_the_same_each_time(tmp_path):
    _, report = begin(tmp_path, 'indices')
    again = init_folder(Given(tmp_path / 'images', tmp_path / 'labels', workers=1), tmp_path / 'again')
    lists = [(one.config.parent / 'data/val.txt').read_text() for one in (report, again)]
    assert lists[0] == lists[1] != ''
    assert report.config.read_text() == again.config.read_text()


def test_fingerprint_and_reasons_are_written(tmp_path):
    _, report = begin(tmp_path, 'coco')
    stored = json.loads((tmp_path / 'out/fingerprint.json').read_text())
    assert stored['objects'] == sum(stored['class_objects']) == report.found.objects
    assert stored['sizes']['formats'] == {'JPEG': 7}
    text = report.config.read_text()
    assert report.plan.epochs.why in text.replace('\n# ', ' ')
    assert any('star' in line for line in stored['left_out'])


def test_damaged_and_unlabelled_pictures_are_left_out_and_named(tmp_path):
    scenes = draw_images(tmp_path)
    draw_labels(tmp_path, 'indices', scenes[:-1])
    whole = (tmp_path / 'images/shot_2.jpg').read_bytes()
    (tmp_path / 'images/shot_2.jpg').write_bytes(whole[: len(whole) // 2])
    report = init_folder(Given(tmp_path / 'images', tmp_path / 'labels', workers=1), tmp_path / 'out')
    assert sum(report.found.pictures.values()) == 5
    lines = '\n'.join(report.lines())
    assert 'images/shot_2.jpg: image: damaged picture' in lines
    assert '1 pictures without labels: shot_6.jpg' in lines
    assert fatal(report.config) == []


def _empty_labels(root: Path) -> dict:
    draw_images(root)
    (root / 'labels').mkdir()
    return dict(labels=root / 'labels')


def _foreign_labels(root: Path) -> dict:
    scenes = draw_images(root)
    for number, scene in enumerate(scenes):
        scene.name = f'other{number}'
    draw_labels(root, 'indices', scenes)
    return dict(labels=root / 'labels')


def _one_value(root: Path) -> dict:
    for scene in draw_images(root):
        draw_labels(root, 'indices', [scene])
        path = root / 'labels' / f'{scene.name}.png'
        cv2.imwrite(str(path), np.zeros(scene.size, np.uint8))
    return dict(labels=root / 'labels')


def _boxes(root: Path) -> dict:
    draw_labels(root, 'yolo', draw_images(root))
    (root / 'labels/shot_3.txt').write_text('0 0.5 0.5 0.2 0.2\n')
    return dict(labels=root / 'labels')


def _unknown_class(root: Path) -> dict:
    draw_labels(root, 'yolo', draw_images(root))
    (root / 'labels/shot_3.txt').write_text('5 0.5 0.5 0.2 0.2 0.1 0.1\n')
    return dict(labels=root / 'labels')


def _too_few_names(root: Path) -> dict:
    draw_labels(root, 'levels', draw_images(root))
    return dict(labels=root / 'labels', classes=('a', 'b'))


def _ids_as_classes(root: Path) -> dict:
    draw_labels(root, 'ids', draw_images(root))
    return dict(labels=root / 'labels')


def _broken_json(root: Path) -> dict:
    draw_images(root)
    (root / 'a.json').write_text('{"images": [')
    return dict(coco=root / 'a.json')


def _boxes_alone(root: Path) -> dict:
    path = write_coco(root, draw_images(root))
    content = json.loads(path.read_text())
    for one in content['annotations']:
        del one['segmentation']
    path.write_text(json.dumps(content))
    return dict(coco=path)


def _not_labelme(root: Path) -> dict:
    scenes = draw_images(root)
    draw_labels(root, 'labelme', scenes)
    (root / 'labels/shot_1.json').write_text('{"annotations": []}')
    return dict(labels=root / 'labels')


def _blurred_indices(root: Path) -> dict:
    for scene in draw_images(root):
        write_picture(root / 'labels' / f'{scene.name}.jpg', scene.painted(lambda _, label: label + 1))
    return dict(labels=root / 'labels')


def _one_picture(root: Path) -> dict:
    draw_labels(root, 'indices', draw_images(root, 1))
    return dict(labels=root / 'labels')


def _wrong_task(root: Path) -> dict:
    return dict(coco=write_coco(root, draw_images(root)), task='semantic')


WRONG = [
    (_empty_labels, 'labels: no labels in it or below; expected label pictures'),
    (_foreign_labels, 'none of its 7 files has the name of a picture'),
    (_one_value, 'nothing is to be told apart'),
    (_boxes, 'labels/shot_3.txt: line 1: a box (4 numbers)'),
    (_unknown_class, 'labels/shot_3.txt: line 1: class 5, expected 0 to 1'),
    (_too_few_names, '--classes: found 2 names'),
    (_ids_as_classes, 'give --task instance'),
    (_broken_json, 'a.json: no valid json'),
    (_boxes_alone, "no 'segmentation'"),
    (_not_labelme, 'for a COCO json give --coco'),
    (_blurred_indices, 'JPEG files, which change values'),
    (_one_picture, 'found 1 pictures with labels; expected 2'),
    (_wrong_task, '--task semantic'),
    (lambda root: draw_images(root) and dict(labels=root / 'gone'), 'gone: no such folder'),
    (lambda root: draw_images(root) and dict(), 'give --labels, a folder, or --coco'),
    (lambda root: dict(labels=root), 'images: no such folder'),
]


@pytest.mark.parametrize(('draw', 'line'), WRONG)
def test_wrong_data_is_refused_in_one_line_and_nothing_is_left(draw, line, tmp_path):
    given = draw(tmp_path)
    with pytest.raises((ValueError, OSError)) as error:
        init_folder(Given(images=tmp_path / 'images', workers=1, **given), tmp_path / 'out')
    assert line in str(error.value)
    assert '\n' not in str(error.value)
    assert {path.name for path in tmp_path.iterdir()} <= {'images', 'labels', 'a.json', 'annotations.json'}


def test_nothing_is_overwritten(tmp_path):
    draw_labels(tmp_path, 'indices', draw_images(tmp_path))
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/mine.txt').write_text('mine')
    with pytest.raises(FileExistsError, match='out: is there already'):
        init_folder(Given(tmp_path / 'images', tmp_path / 'labels', workers=1), tmp_path / 'out')
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['mine.txt']


@pytest.mark.slow
@pytest.mark.parametrize('layout', first_of(['coco', 'colours', 'panoptic'], 1))
def test_a_model_trains_and_predicts_with_what_was_written(layout, tmp_path, monkeypatch):
    """A few iterations, as a user types it."""
    _, report = begin(tmp_path, layout)
    monkeypatch.chdir(tmp_path)
    main(['train', str(report.config), '--seed', '0', '--cfg-options', 'train_cfg.max_epochs=1'])
    (best,) = (tmp_path / 'out/training').glob('best_*.pth')
    picture = tmp_path / 'images/shot_1.jpg'
    words = ['predict', str(picture), '--model', str(report.config), '--weights', str(best), '--out', 'found']
    main(words)
    size = cv2.imread(str(picture)).shape[:2]
    if layout == 'coco':
        (image,) = json.loads((tmp_path / 'found/instances.json').read_text())['images']
        assert (image['height'], image['width']) == size
    else:
        sizes = [cv2.imread(str(path)).shape[:2] for path in (tmp_path / 'found').rglob('shot_1*.png')]
        assert size in sizes
