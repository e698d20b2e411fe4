"""tools/quickstart.sh after the set-up, with networks made narrow: every step of it, and what it tells at the end."""

import json
import shutil

import pytest
from segment_job import write_segment_job
from small_job import ROOT, run
from warm_python import warm_python

SETUP = 'PYTHON={python}; MMMASKATTN_ROOT={root}; export PYTHON MMMASKATTN_ROOT'


@pytest.fixture
def checkout(tmp_path):
    """Tools and configs of a checkout whose environment is this one."""
    shutil.copytree(ROOT / 'tools', tmp_path / 'checkout/tools')
    (tmp_path / 'checkout/tools/setup_env.sh').write_text(
        SETUP.format(python=warm_python(), root=tmp_path / 'checkout')
    )
    configs = tmp_path / 'checkout/configs/maskattn'
    configs.mkdir(parents=True)
    for task in ('semantic', 'panoptic'):
        job = write_segment_job(tmp_path, task, tmp_path / 'results/coco_mini')
        job.rename(configs / f'coco_{task}_128_tiny.py')
    return tmp_path / 'checkout'


@pytest.mark.slow
def test_both_tasks_are_trained_tested_and_drawn(checkout, tmp_path):
    results = tmp_path / 'results'
    done = run(
        ['bash', checkout / 'tools/quickstart.sh'], tmp_path, 1800, QUICKSTART_DIR=str(results), QUICKSTART_EPOCHS='1'
    )
    assert done.returncode == 0, done.stdout[-6000:]
    (folder,) = results.glob('run_*')
    closing = done.stdout.partition('[quickstart] 4/4 done in ')[2]
    for task, epoch, names in (('semantic', 1, ('aAcc', 'mIoU')), ('panoptic', 2, ('PQ', 'AP', 'mIoU'))):
        (found,) = (folder / task / 'test').glob('test_*.json')
        metrics = json.loads(found.read_text())
        assert f'{task}      ' + '  '.join(f'{name} {metrics[f"lowres/{name}"]:.2f}' for name in names) in closing
        assert len(list((folder / task / 'pictures').rglob('*.png'))) == 8
        assert str(folder / task / f'epoch_{epoch}.pth') in closing
        assert str(folder / task / 'pictures') in closing
    assert done.stdout.count('CPU, 2 processes') == 2, 'each training tells it once'
    assert f'start   from {folder / "semantic/epoch_1.pth"}' in done.stdout
    assert 'System environment' not in done.stdout


def test_the_configs_it_trains_are_the_smallest(checkout):
    script = (checkout / 'tools/quickstart.sh').read_text()
    assert '_128_tiny.py' in script
    for task in ('semantic', 'panoptic'):
        assert f'\ntrain {task}' in script
        assert (ROOT / f'configs/maskattn/coco_{task}_128_tiny.py').is_file()
