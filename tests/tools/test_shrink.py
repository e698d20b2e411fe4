"""The command tools/data/shrink.py, run as users run it, and the memory it takes."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from tool_calls import ROOT, call_tool
from warm_python import warm_python

from mmmaskattn.data_tools.mini import write_mini

TOOL = 'data/shrink.py'
FEW, MANY = 1000, int(os.environ.get('ANNOTATIONS', '10000'))


def shrink(*args: str | Path) -> subprocess.CompletedProcess:
    command = [warm_python(), str(ROOT / 'tools' / TOOL), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.slow
def test_config_trains_from_the_copy_by_another_root(tmp_path, monkeypatch):
    source = write_mini('cityscapes', tmp_path / 'city', num_train=3, num_val=2, size=(96, 128))
    done = shrink(source, tmp_path / 'copy', '--size', '32', '64', '--workers', '2')
    assert done.returncode == 0, done.stderr
    assert 'cityscapes at 32x64' in done.stdout
    assert 'leftImg8bit/train: 3 images, each with 3 label pictures: 3 written, 0 there already' in done.stdout
    assert 'shrinking leftImg8bit/train: 3/3' in done.stderr
    monkeypatch.setenv('CITYSCAPES_ROOT', str(tmp_path / 'copy'))
    init_default_scope('mmseg')
    cfg = Config.fromfile(ROOT / 'configs/maskattn/cityscapes_semantic_128_tiny.py')
    assert len(DATASETS.build(cfg.train_dataloader.dataset)) == 3
    again = call_tool(TOOL, source, tmp_path / 'copy', '--size', '32', '64')
    assert again.returncode == 0
    assert '0 written, 3 there already' in again.stdout
    refused = call_tool(TOOL, source, source)
    assert refused.returncode == 1
    assert 'same folder' in refused.stderr
    assert 'Traceback' not in refused.stderr


def test_problem_ends_with_status_1_and_names_the_file(tmp_path):
    source = write_mini('coco', tmp_path / 'coco', num_train=2, num_val=1, size=(64, 96))
    (source / 'train2017/000000000001.jpg').write_bytes(b'\xff\xd8\xff')
    done = call_tool(TOOL, source, tmp_path / 'copy', '--workers', '1')
    assert done.returncode == 1
    assert '000000000001.jpg: damaged picture of 3 bytes' in done.stderr
    assert 'shrink: 1 problems; see' in done.stderr
    assert 'train2017: 2 images: 1 written, 0 there already, 1 left out' in done.stdout
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('options', [('--size', '8'), ('--workers', '0')])
def test_wrong_options(tmp_path, options):
    done = call_tool(TOOL, tmp_path, tmp_path / 'copy', *options)
    assert done.returncode in (1, 2)
    assert options[0].strip('-') in done.stderr
    assert 'Traceback' not in done.stderr


def many_annotations(source: Path, root: Path, count: int, images: int) -> None:
    """Write a COCO root of ``images`` images that share one file's content, with polygons of 40 points."""
    (root / 'train2017').mkdir(parents=True)
    (root / 'annotations').mkdir()
    photo = next((source / 'train2017').iterdir())
    content = json.loads((source / 'annotations/instances_train2017.json').read_text())
    (record,) = [image for image in content['images'] if image['file_name'] == photo.name]
    for number in range(images):
        os.link(photo, root / f'train2017/{number:012d}.jpg')
    records = [dict(record, id=number, file_name=f'{number:012d}.jpg') for number in range(images)]
    outline = [10.25 + 20 * ((7 * i) % 11) / 11 for i in range(80)]
    common = {'category_id': 1, 'iscrowd': 0, 'bbox': [10, 10, 20, 20], 'area': 200, 'segmentation': [outline]}
    # Annotations of an image lie far apart, as in the official files.
    annotations = [{'id': i, 'image_id': i % images, **common} for i in range(count)]
    with open(root / 'annotations/instances_train2017.json', 'w') as file:
        json.dump({**content, 'images': records, 'annotations': annotations}, file)


@pytest.mark.long
def test_memory_hardly_grows_with_the_annotations(tmp_path):
    source = write_mini('coco', tmp_path / 'coco', num_train=1, num_val=1, size=(48, 64))
    peaks = {}
    for count in (FEW, MANY):
        root = tmp_path / str(count)
        many_annotations(source, root, count, images=count // 50)
        done = shrink(root, tmp_path / f'copy{count}', '--size', '32', '--workers', '1')
        assert done.returncode == 0, done.stderr
        peaks[count] = int(re.search(r'peak memory (\d+) MiB', done.stdout)[1])
    size = (tmp_path / str(MANY) / 'annotations/instances_train2017.json').stat().st_size / 2**20
    print(f'peak memory in MiB by number of annotations: {peaks}; the json has {size:.0f} MiB')
    assert size > 10
    # The json is mapped, not read: the system counts its pages, and takes them back when it needs memory.
    assert peaks[MANY] - peaks[FEW] < size + 40
