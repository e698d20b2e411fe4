"""Whole pipelines timed: stages, objects and ratios, of an exported file and of PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from browser import build, missing
from exported_files import write_model
from PIL import Image
from torch import nn

from mmmaskattn.analysis.timing.onnx_runtime import write_bare
from mmmaskattn.apis.deploy.openvino_model import has_openvino
from mmmaskattn.apis.timing import STAGES, browser_pipelines, make_pipeline, pipeline_table, time_pipelines
from mmmaskattn_runtime import ModelFileError, load

PEER = Path(__file__).parents[3] / 'configs/peers/segformer_b0/camvid_semantic_128.py'


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(np.full((50, 70, 3), 220, np.uint8)).save(tmp_path / 'bright.png')
    return tmp_path / 'bright.png'


def test_files_and_models_take_turns_and_the_table_has_their_stages(picture, tmp_path):
    file = write_model(tmp_path / 'drawn.onnx', 'panoptic')
    models = [str(file), 'tiny_dsb2018_panoptic', f'{PEER}=random']
    pipelines = [make_pipeline(model, 1) for model in models]
    time_pipelines(pipelines, str(picture), 2, iter)
    assert all(len(times) == 2 for one in pipelines for times in one.times.values())
    assert set(pipelines[0].times) == set(STAGES) - {'prepare'}
    assert set(pipelines[1].times) == set(pipelines[2].times) == set(STAGES)
    assert pipelines[0].found == len(load(file)(picture).instances) > 0
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in pipeline_table(pipelines).splitlines()[2:]]
    assert [row[0] for row in rows] == ['drawn.onnx', 'tiny_dsb2018_panoptic', 'segformer_b0/camvid_semantic_128']
    assert rows[0][8] == '1.00'
    for one, row in zip(pipelines, rows):
        assert float(row[7]) == pytest.approx(one.medians()['whole'], abs=0.06)


def test_an_unknown_model_is_refused(tmp_path):
    with pytest.raises(LookupError, match='nowhere'):
        make_pipeline('nowhere', 1)


def table(pipelines):
    lines = pipeline_table(pipelines).splitlines()
    cells = [[cell.strip() for cell in line.split('|')[1:-1]] for line in lines]
    return [dict(zip(cells[0], row)) for row in cells[2:]]


class Halved(nn.Module):
    """A network of another project: one image of 32 x 32 in, two maps out."""

    def forward(self, images):
        return images[:, :, ::2, ::2] / 2, images.mean(1)


def test_a_network_of_another_project_is_timed_without_what_comes_after_it(picture, tmp_path):
    assert write_bare(Halved(), torch.rand(1, 3, 32, 32), tmp_path / 'other.onnx') < 1e-6
    ours = write_model(tmp_path / 'ours.onnx', 'semantic')
    pipelines = [make_pipeline(str(path), 1) for path in (ours, tmp_path / 'other.onnx')]
    time_pipelines(pipelines, str(picture), 2, iter)
    assert set(pipelines[1].times) == {'decode', 'prepare', 'network'}
    rows = table(pipelines)
    assert rows[1]['objects'] == 'without its own NMS and masks: a lower bound'
    assert (rows[1]['result, ms'], rows[0]['ratio'], rows[0]['by']) == ('', '1.00', rows[1]['by'])
    assert rows[1]['ratio'] == rows[1]['to the first by the same']


def test_a_network_that_takes_no_picture_is_refused(tmp_path):
    model = onnx.load(write_model(tmp_path / 'ours.onnx', 'semantic'))
    del model.metadata_props[:]
    onnx.save(model, tmp_path / 'other.onnx')
    with pytest.raises(ModelFileError, match=r'other\.onnx: takes pictures tensor\(uint8\) .*; expected one tensor'):
        make_pipeline(str(tmp_path / 'other.onnx'), 1)


def test_files_in_openvino(picture, tmp_path):
    file = write_model(tmp_path / 'ours.onnx', 'panoptic')
    write_bare(Halved(), torch.rand(1, 3, 32, 32), tmp_path / 'other.onnx')
    if not has_openvino():
        with pytest.raises(ModuleNotFoundError, match=r'OpenVINO: not installed: pip install'):
            make_pipeline(str(file), 1, 'openvino')
        return
    pipelines = [make_pipeline(str(file), 1, runtime) for runtime in ('onnxruntime', 'openvino')]
    pipelines.append(make_pipeline(str(tmp_path / 'other.onnx'), 1, 'openvino'))
    time_pipelines(pipelines, str(picture), 1, iter)
    assert pipelines[0].found == pipelines[1].found > 0
    assert [row['to the first by the same'] for row in table(pipelines)][:2] == ['1.00', '1.00']


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_files_in_the_browser(picture, tmp_path):
    file = write_model(tmp_path / 'ours.onnx', 'panoptic')
    (tmp_path / 'page/models').mkdir(parents=True)
    build(tmp_path / 'page')
    models = [str(file), 'tiny_dsb2018_panoptic']
    (one,) = browser_pipelines(models, tmp_path / 'page', str(picture), 3)
    assert one.found == len(load(file)(picture).instances)
    assert {stage: len(values) for stage, values in one.times.items()} == dict(decode=3, network=3, result=3)
    (row,) = table([one])
    assert (row['model'], row['by'], row['ratio']) == ('ours.onnx', 'browser', '1.00')
    with pytest.raises(FileNotFoundError, match='nowhere holds no built page'):
        browser_pipelines(models, tmp_path / 'nowhere', str(picture), 3)
