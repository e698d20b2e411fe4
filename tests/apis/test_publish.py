"""A checkpoint of a training becomes a small file that predicts the same."""

from __future__ import annotations

import copy
import json

import pytest
import torch
import yaml
from mmdet.apis import init_detector
from mmseg.apis import init_model
from tool_calls import ROOT, call_tool

from mmmaskattn.analysis import build_model, read_config
from mmmaskattn.analysis.models import build_seeded_model, random_images
from mmmaskattn.apis.weights import file_sha256
from mmmaskattn.utils.safetensors_file import read_weights
from mmmaskattn.utils.weights import load_model_weights

CONFIG = ROOT / 'configs/maskattn/dsb2018_panoptic_128_nano.py'
SEMANTIC = ROOT / 'configs/maskattn/camvid_semantic_128_nano.py'


def outputs(model, images):
    with torch.inference_mode():
        found = model.eval()(images, mode='tensor')
    return found if isinstance(found, (list, tuple)) else [found]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A checkpoint as a training with EMA writes it: averages in state_dict, the weights of the last step beside."""
    path = tmp_path_factory.mktemp('trained') / 'epoch_2.pth'
    cfg = read_config(CONFIG)
    model = build_seeded_model(cfg).train()
    model(random_images((64, 64), 2), mode='tensor')  # batch norms get statistics, and count
    last = {f'module.{name}': torch.zeros_like(one) for name, one in model.state_dict().items()}
    content = {
        'meta': {'epoch': 2, 'dataset_meta': {'classes': ('nucleus', 'background'), 'palette': [(1, 2, 3), (0, 0, 0)]}},
        'state_dict': copy.deepcopy(model.state_dict()),
        'ema_state_dict': {**last, 'steps': torch.tensor(9)},
        'optimizer': {'state': {0: torch.zeros(1000)}},
        'message_hub': {},
    }
    torch.save(content, path)
    return path, model


@pytest.mark.parametrize(('options', 'tolerance'), [([], 0.0), (['--half'], 0.02)])
def test_by_the_command_it_predicts_the_same(trained, tmp_path, options, tolerance):
    path, model = trained
    out = tmp_path / 'nano.safetensors'
    log = tmp_path / 'train.log'
    log.write_text('one\ntwo\n\nPQ 61\n')
    done = call_tool(
        'model_converters/publish_model.py', path, '--config', CONFIG, '--out', out, *options, '--metrics', 'PQ=61.5',
        '--licence', 'CC0-1.0', '--log', log, '--log-lines', '2', '--address', 'hf://owner/name/nano.safetensors',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = build_model(read_config(CONFIG))
    load_model_weights(again, out)
    images = random_images((64, 64), 2)
    for found, expected in zip(outputs(again, images), outputs(model, images)):
        assert (found - expected).abs().max() <= tolerance * expected.abs().max()

    weights, texts = read_weights(out)
    assert not [name for name in weights if 'tracked' in name or name.startswith(('ema', 'module'))]
    assert texts['source_sha256'] == file_sha256(path)
    assert (texts['config'], texts['task'], texts['averaged']) == ('dsb2018_panoptic_128_nano', 'panoptic', 'ema')
    assert out.stat().st_size < path.stat().st_size / (4 if options else 2)
    record = json.loads(out.with_suffix('.json').read_text())
    assert record['sha256'] == file_sha256(out)
    assert (record['log'], record['metrics'], record['licence']) == (['two', 'PQ 61'], {'PQ': 61.5}, 'CC0-1.0')

    assert f'sha256: {file_sha256(out)}' in done.stdout
    assert 'taken: the moving average (state_dict); the weights of the last step (ema_state_dict)' in done.stdout
    (model_entry,) = yaml.safe_load(done.stdout.partition('The model index will say:\n')[2])
    assert (model_entry['In Collection'], model_entry['Weights']) == ('MaskAttn-UNet', record['weights'])
    assert model_entry['Metadata']['Classes'] == ['nucleus', 'background']


def test_nothing_is_overwritten_and_another_config_is_refused(trained, tmp_path):
    out = tmp_path / 'nano.safetensors'
    tool, words = 'model_converters/publish_model.py', ('--config', SEMANTIC, '--out', out)
    done = call_tool(tool, trained[0], *words)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert 'does not fit the model' in done.stderr
    assert list(tmp_path.iterdir()) == []
    out.with_suffix('.json').write_text('mine')
    done = call_tool(tool, trained[0], '--config', CONFIG, '--out', out)
    assert 'nano.json is there already and is not overwritten' in done.stderr
    assert not out.exists()
    done = call_tool(tool, trained[0], *words, '--metrics', 'PQ')
    assert (done.returncode, 'expected NAME=NUMBER' in done.stderr) == (2, True)


def test_weights_alone_of_a_config_of_ones_own(tmp_path):
    config, source, out = tmp_path / 'mine.py', tmp_path / 'weights.pth', tmp_path / 'mine.safetensors'
    config.write_text(f'_base_ = {str(SEMANTIC)!r}\n')
    model = build_seeded_model(read_config(config))
    torch.save(model.state_dict(), source)
    done = call_tool('model_converters/publish_model.py', source, '--config', config, '--out', out)
    assert 'taken: the whole file' in done.stdout, done.stderr
    assert 'none of the repository' in done.stdout
    segmentor = init_model(str(config), str(out), device='cpu')
    assert segmentor.dataset_meta['classes'][:2] == ['sky', 'building']
    images = random_images((64, 64))
    found, expected = outputs(segmentor, images)[0], outputs(model, images)[0]
    torch.testing.assert_close(found, expected)  # not equal: mmseg keeps channels first


def test_mmdet_names_the_classes_of_a_published_detector(trained, tmp_path):
    out = tmp_path / 'nano.safetensors'
    assert call_tool('model_converters/publish_model.py', trained[0], '--config', CONFIG, '--out', out).returncode == 0
    detector = init_detector(str(CONFIG), str(out), device='cpu')
    assert detector.dataset_meta['classes'] == ['nucleus', 'background']
