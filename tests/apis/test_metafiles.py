"""The model index is what its command writes from configs and records."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from tool_calls import call_tool

from mmmaskattn.apis.metafiles import RECORDS, outdated, read_records
from mmmaskattn.apis.weights import file_sha256

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path):
    """What the index is made of, in a folder that may be written."""
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs', ignore=shutil.ignore_patterns('__pycache__'))
    shutil.copytree(ROOT / RECORDS, tmp_path / RECORDS)
    shutil.copy(ROOT / 'model-index.yml', tmp_path)
    return tmp_path


def write_record(repository, name, **content):
    (repository / RECORDS / name).write_text(json.dumps(content))


def test_the_files_of_this_repository_are_up_to_date():
    assert list(outdated(ROOT)) == [], 'run tools/analysis/model_index.py'


def test_weights_inside_the_package_are_those_of_their_records_and_small():
    records = read_records(ROOT).values()
    inside = {ROOT / one.weights: one for one in records if one.weights and (ROOT / one.weights).is_file()}
    assert {path for path in (ROOT / RECORDS).iterdir() if path.suffix != '.json'} == set(inside)
    for path, record in inside.items():
        assert file_sha256(path) == record.sha256
        assert path.stat().st_size <= 8e6
        assert record.licence
        assert record.metrics
    assert sum(path.stat().st_size for path in inside) <= 40e6


def test_a_record_reaches_the_metafile_by_the_command(repository):
    config = 'configs/maskattn/coco_panoptic_128_nano.py'
    write_record(
        repository, 'nano.json', config=config, metrics={'PQ': 61.5}, weights='hf://owner/name/a', sha256='0' * 64,
        classes=['nucleus'], licence='CC0-1.0', command='python tools/train.py ...', log=['epoch 45', 'PQ 61.5'],
    )  # fmt: skip
    refused = call_tool('analysis/model_index.py', '--check', '--root', repository)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert 'configs/maskattn/metafile.yml; run the command without --check' in refused.stderr
    assert call_tool('analysis/model_index.py', '--root', repository).stdout == (
        'written: configs/maskattn/metafile.yml\n'
    )
    assert call_tool('analysis/model_index.py', '--check', '--root', repository).returncode == 0
    models = yaml.safe_load((repository / 'configs/maskattn/metafile.yml').read_text())['Models']
    (model,) = [one for one in models if one['Config'] == config]
    assert (model['Weights'], model['SHA256']) == ('hf://owner/name/a', '0' * 64)
    assert model['Results'][0]['Metrics'] == {'PQ': 61.5}
    assert model['Metadata']['Log'] == ['epoch 45', 'PQ 61.5']


def test_a_new_config_is_listed_and_a_deleted_one_forgotten(repository):
    folder = repository / 'configs/maskattn'
    (folder / 'coco_semantic_128_nano.py').rename(folder / 'coco_semantic_96_nano.py')
    text = outdated(repository)['configs/maskattn/metafile.yml']
    assert '- Name: coco_semantic_96_nano\n' in text
    assert 'coco_semantic_128_nano' not in text


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({'config': 'configs/maskattn/dsb2018_panoptic_128_nan.py'}, 'there is no config .*did you mean .*128_nano.py'),
        ({'config': 'configs/maskattn/coco_semantic_128.py', 'sha': 'a'}, 'unknown field `sha`'),
        ({'config': 'configs/maskattn/coco_semantic_128.py', 'weights': 'a'}, 'weights without sha256'),
        ({'config': 'configs/peers/unet_w12/camvid_semantic_128.py'}, 'has another record'),
    ],
)
def test_wrong_records_are_refused_in_one_line(repository, content, message):
    write_record(repository, 'zz.json', **content)
    with pytest.raises(ValueError, match=rf'zz\.json: .*{message}|unet_w12.*{message}') as error:
        outdated(repository)
    assert '\n' not in str(error.value)
