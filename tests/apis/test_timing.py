"""Whole pipelines timed: stages, objects and ratios, of an exported file and of PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from exported_files import write_model
from PIL import Image

from mmmaskattn.apis.timing import STAGES, make_pipeline, pipeline_table, time_pipelines
from mmmaskattn_runtime import load

PEER = Path(__file__).parents[2] / 'configs/peers/segformer_b0/camvid_semantic_128.py'


def test_files_and_models_take_turns_and_the_table_has_their_stages(tmp_path):
    picture = tmp_path / 'bright.png'
    Image.fromarray(np.full((50, 70, 3), 220, np.uint8)).save(picture)
    file = write_model(tmp_path / 'drawn.onnx', 'panoptic')
    models = [str(file), 'tiny_dsb2018_panoptic', f'{PEER}=random']
    pipelines = [make_pipeline(model, 1) for model in models]
    time_pipelines(pipelines, str(picture), 2, iter)
    assert all(len(times) == 2 for one in pipelines for times in one.times.values())
    assert set(pipelines[0].times) == set(STAGES) - {'prepare'}
    assert set(pipelines[1].times) == set(pipelines[2].times) == set(STAGES)
    assert pipelines[0].objects == len(load(file)(picture).instances) > 0
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in pipeline_table(pipelines).splitlines()[2:]]
    assert [row[0] for row in rows] == ['drawn.onnx', 'tiny_dsb2018_panoptic', 'segformer_b0/camvid_semantic_128']
    assert rows[0][8] == '1.00'
    for one, row in zip(pipelines, rows):
        assert float(row[7]) == pytest.approx(one.medians()['whole'], abs=0.06)


def test_an_unknown_model_is_refused(tmp_path):
    with pytest.raises(LookupError, match='nowhere'):
        make_pipeline('nowhere', 1)
