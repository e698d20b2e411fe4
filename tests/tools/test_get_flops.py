"""The command on our configs and on those of mmseg and mmdet, against published sizes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pytest
from long_tests import first_of
from warm_python import warm_python

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/analysis/get_flops.py'


def zoo(package, name):
    return Path(importlib.util.find_spec(package).origin).parent / '.mim/configs' / name


def run(*args):
    spec = importlib.util.spec_from_file_location('get_flops', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.main([str(arg) for arg in args])


@pytest.mark.parametrize(
    ('package', 'name', 'forward', 'giga', 'mega'),
    [
        ('mmseg', 'segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py', 'tensor', 0.46, 3.75),
        ('mmseg', 'unet/unet-s5-d16_fcn_4xb4-160k_cityscapes-512x1024.py', 'tensor', 12.67, 29.06),
        ('mmseg', 'mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py', 'predict', 5.87, 44.04),
        ('mmdet', 'mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py', 'tensor', 5.62, 44.04),
        ('mmdet', 'rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py', 'tensor', 0.48, 5.64),
    ],
)
def test_zoo_models_at_128(package, name, forward, giga, mega, capsys):
    """Parameters are the published ones; MACs at 128x128 agree with counts made by other means."""
    run(zoo(package, name), '--shape', 128, '--json')
    result = json.loads(capsys.readouterr().out)
    assert result['forward'] == forward
    assert result['macs'] / 1e9 == pytest.approx(giga, abs=0.006)
    assert result['flops'] == 2 * result['macs']
    assert result['params'] / 1e6 == pytest.approx(mega, abs=0.006)
    assert result['uncounted'] == {}


@pytest.mark.parametrize(
    'name', first_of(['mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', 'panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py'])
)
def test_two_stage_detectors_tell_what_is_left_out(name, capsys):
    run(zoo('mmdet', name), '--shape', 128, 128, '--depth', 1)
    text = capsys.readouterr().out
    assert 'could not count: mmcv::roi_align_forward' in text
    assert 'depends on its proposals' in text
    assert '1.335 G' in text  # ResNet-50 without classifier at 128 x 128


def test_the_report_tells_shape_and_its_source_and_auxiliary_weights(capsys):
    config = zoo('mmseg', 'unet/unet-s5-d16_fcn_4xb4-40k_drive-64x64.py')
    run(config, '--depth', 1)
    text = capsys.readouterr().out
    assert "1 x 3 x 64 x 64 (H, W from the config's crop_size)" in text
    assert '29.061 M, 28.987 M of them read by this forward' in text
    assert 'could not count: nothing' in text


@pytest.mark.parametrize(('suffix', 'giga', 'mega'), [('', 11.0, 46), ('_small', 2.8, 15), ('_tiny', 0.45, 4)])
@pytest.mark.parametrize('data', ['ade20k', 'coco', 'cityscapes'])
def test_our_configs_keep_their_budgets(data, suffix, giga, mega, capsys):
    run(ROOT / f'configs/maskattn/{data}_semantic_128{suffix}.py', '--json')
    result = json.loads(capsys.readouterr().out)
    assert result['shape'] == [128, 128]
    assert result['macs'] <= giga * 1e9
    assert result['params'] <= mega * 1e6
    assert (result['params_read'] == result['params']) == (not suffix), 'base has no auxiliary heads'
    assert result['uncounted'] == {}


def test_it_runs_as_a_command_and_refuses_a_missing_config():
    done = subprocess.run(
        [warm_python(), TOOL, 'nowhere.py'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )
    assert done.returncode == 1
    assert 'there is no config nowhere.py' in done.stderr
    assert 'Traceback' not in done.stderr


def test_a_wrong_shape_is_refused(capsys):
    with pytest.raises(SystemExit):
        run('x.py', '--shape', 1, 2, 3)
    assert 'expected one or two positive numbers' in capsys.readouterr().err
