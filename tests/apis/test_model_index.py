"""The model index: short names, the names of configs, errors that name what is near."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from mmmaskattn.apis import find_model, list_models
from mmmaskattn_console.model_index import PACKAGE, parts_of_name, read_index, shipped_folder

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ('stem', 'short'),
    [
        ('dsb2018_panoptic_128_tiny', 'tiny_dsb2018_panoptic'),
        ('ade20k_semantic_128', 'base_ade20k_semantic'),
        ('ade20k_semantic_64x48', 'base_ade20k_semantic_64x48'),
        ('cityscapes_semantic_1024x2048_lrformer_t', 'lrformer_t_cityscapes_semantic_1024x2048'),
        ('magnetic_tile_semantic_128_tiny_gate', 'tiny_gate_magnetic_tile_semantic'),
    ],
)
def test_the_variant_comes_first_and_the_usual_size_is_left_out(stem, short):
    assert parts_of_name(stem).short == short


def test_a_peer_and_a_size_that_is_not_square():
    entry = find_model('segformer_b0_camvid_semantic')
    assert entry == find_model('camvid_semantic_128_segformer_b0')
    assert entry.config.samefile(ROOT / 'configs/peers/segformer_b0/camvid_semantic_128.py')  # perhaps by a link
    assert (entry.task, entry.data, entry.size) == ('semantic', 'CamVid', (128, 128))
    assert find_model('base_ade20k_semantic_64x48').size == (64, 48)


def test_every_config_has_a_name_of_its_own():
    names = [name for entry in list_models() for name in {entry.name, entry.stem}]
    assert len(names) == len(set(names)) > 400
    assert all(entry.config.is_file() for entry in list_models())


def test_an_unknown_name_lists_the_nearest_in_one_line():
    with pytest.raises(LookupError, match=r'^there is no model tiny_dsb2018; did you mean .*tiny_dsb2018_\w+') as error:
        find_model('tiny_dsb2018')
    assert '\n' not in str(error.value)


def test_lists_are_by_task_data_and_whether_there_are_weights():
    found = list_models(task='panoptic', data='DSB2018')
    assert {entry.data for entry in found} == {'DSB2018'}
    assert {entry.task for entry in found} == {'panoptic'}
    assert found == list_models(task='panoptic', data='dsb2018')
    assert all(entry.weights for entry in list_models(published=True))
    with pytest.raises(ValueError, match='expected one of semantic, instance, panoptic'):
        list_models(task='depth')


def test_what_the_metafiles_say_of_weights_reaches_the_entry(tmp_path):
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    shutil.copy(ROOT / 'model-index.yml', tmp_path)
    metafile = tmp_path / 'configs/maskattn/metafile.yml'
    content = yaml.safe_load(metafile.read_text())
    model = next(one for one in content['Models'] if one['Name'] == 'dsb2018_panoptic_128_nano')
    model.update({'Weights': 'hf://owner/name/nano.safetensors', 'SHA256': '0' * 64})
    model['Metadata'].update({'Classes': ['nucleus'], 'Latency (ms)': 3.5, 'Data License': 'CC0-1.0', 'Parameters': 7})
    model['Results'][0]['Metrics'] = {'PQ': 61.0}
    metafile.write_text(yaml.safe_dump(content))
    (entry,) = [one for one in read_index(tmp_path) if one.stem == 'dsb2018_panoptic_128_nano']
    assert (entry.weights, entry.sha256) == ('hf://owner/name/nano.safetensors', '0' * 64)
    assert (entry.classes, entry.latency, entry.licence) == (('nucleus',), 3.5, 'CC0-1.0')
    assert (entry.parameters, entry.metrics) == (7, {'PQ': 61.0})


def test_an_installed_package_reads_what_lies_inside_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr('mmmaskattn_console.model_index.PACKAGE', tmp_path / 'mmmaskattn')
    shutil.copytree(ROOT / 'configs/maskattn', tmp_path / 'mmmaskattn/.mim/configs/maskattn')
    (tmp_path / 'mmmaskattn/.mim/model-index.yml').write_text('Import:\n- configs/maskattn/metafile.yml\n')
    assert shipped_folder() == tmp_path / 'mmmaskattn/.mim'
    assert find_model('tiny_dsb2018_panoptic').config.is_relative_to(tmp_path)
    monkeypatch.undo()
    assert shipped_folder() in (PACKAGE / '.mim', ROOT)
