"""The commands of the tutorials, run as they stand in an empty folder with drawn pictures; trainings are cut short."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from own_pictures import Scene
from pycocotools import mask as run_lengths

ROOT = Path(__file__).resolve().parents[1]
SHORT = ' --cfg-options train_cfg.max_epochs=2 train_cfg.val_interval=1 train_dataloader.batch_size=4'
pytestmark = pytest.mark.long


def run_page(name: str, folder: Path) -> None:
    """Run the blocks of a page in their order."""
    blocks = re.findall(r'```(bash|python)\n(.*?)```', (ROOT / f'docs/tutorials/{name}.md').read_text(), re.S)
    assert len(blocks) >= 3
    for kind, text in blocks:
        if kind == 'bash':
            text = text.replace('mmmaskattn ', f'{sys.executable} -m mmmaskattn ').replace(
                'python tools', 'python $ROOT/tools'
            )
            text = re.sub(r'(-m mmmaskattn train .*)', rf'\1{SHORT}', text)
        command = ['bash', '-ec', text] if kind == 'bash' else [sys.executable, '-c', text]
        paths = os.pathsep.join([str(ROOT), str(ROOT / 'runtime'), os.environ.get('PYTHONPATH', '')])
        environment = {**os.environ, 'ROOT': str(ROOT), 'PYTHONPATH': paths}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, text + done.stdout + done.stderr


def draw(folder: Path, pictures: str, labels: str | None, value, number: int = 12) -> list[Scene]:
    scenes = [Scene(k) for k in range(number)]
    for scene in scenes:
        for place, image in ((pictures, scene.image), (labels, scene.painted(value))):
            if place:
                (folder / place).mkdir(exist_ok=True)
                cv2.imwrite(str(folder / place / f'{scene.name}.png'), image)
    return scenes


def rows_of(path: Path) -> list[dict]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_nuclei(tmp_path):
    draw(tmp_path, 'microscope', 'nuclei_maps', lambda number, label: number)
    run_page('nuclei', tmp_path)
    assert {'picture', 'area', 'class'} <= set(rows_of(tmp_path / 'counted/objects.csv')[0])
    assert (tmp_path / 'mine/training/report.html').stat().st_size > 10000


def test_defects(tmp_path):
    scenes = draw(tmp_path, 'tiles', 'tile_labels', lambda number, label: label + 1)
    run_page('defects', tmp_path)
    pixels = sum(int(row['area']) for row in rows_of(tmp_path / 'marked/objects.csv'))
    assert pixels == sum(scene.image[..., 0].size for scene in scenes)


def test_camera(tmp_path):
    scenes = draw(tmp_path, 'frames', None, lambda number, label: 0)
    write_coco(scenes, tmp_path / 'frames.json')
    film = cv2.VideoWriter(str(tmp_path / 'drive.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 5, (128, 96))
    for scene in scenes[:4]:
        film.write(cv2.resize(scene.image, (128, 96)))
    film.release()
    run_page('camera', tmp_path)
    assert cv2.VideoCapture(str(tmp_path / 'drive_labelled.mp4')).get(cv2.CAP_PROP_FRAME_COUNT) == 4


def write_coco(scenes: list[Scene], path: Path) -> None:
    """A COCO json of the scenes, as CVAT exports it."""
    import json

    images, annotations = [], []
    for number, scene in enumerate(scenes, 1):
        height, width = scene.size
        images.append(dict(id=number, file_name=f'{scene.name}.png', height=height, width=width))
        for label, polygon in scene.objects:
            flat = polygon.ravel().astype(float).tolist()
            box = [float(side) for side in cv2.boundingRect(polygon.astype(np.int32))]
            code = run_lengths.frPyObjects([flat], height, width)
            annotations.append(
                dict(id=len(annotations) + 1, image_id=number, category_id=label + 1, segmentation=[flat], bbox=box,
                     area=float(run_lengths.area(code)[0]), iscrowd=0)
            )  # fmt: skip
    categories = [dict(id=1, name='disc'), dict(id=2, name='square')]
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
