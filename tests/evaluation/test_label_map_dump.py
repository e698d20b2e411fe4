"""Label maps written as PNG: values, names, folders."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample


def predicted(path: str, labels: np.ndarray, **metainfo) -> SegDataSample:
    sample = SegDataSample(metainfo=dict(img_path=path, **metainfo))
    sample.set_data({'pred_sem_seg': PixelData(data=torch.from_numpy(labels)[None])})
    return sample


def dump(folder: Path, samples: list[SegDataSample]) -> dict[str, np.ndarray]:
    evaluator = Evaluator(dict(type='mmmaskattn.LabelMapDump', output_dir=str(folder)))
    for sample in samples:
        evaluator.process([sample])
    assert evaluator.evaluate(len(samples)) == {}
    return {path.name: cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in folder.iterdir()}


def test_images_of_one_name_in_two_folders_have_a_map_each(tmp_path):
    maps = [np.full((3, 4), label) for label in (5, 9)]
    written = dump(tmp_path / 'out', [predicted('a/1.png', maps[0]), predicted('b/1.jpg', maps[1])])
    assert sorted(written) == ['000000_1.png', '000001_1.png']
    assert np.array_equal(written['000000_1.png'], maps[0])
    assert np.array_equal(written['000001_1.png'], maps[1])


def test_names_that_differ_stay_and_labels_count_from_1_where_0_is_ignored(tmp_path):
    labels = np.arange(12).reshape(3, 4)
    samples = [predicted('a/1.png', labels), predicted('b/2.png', labels, reduce_zero_label=True)]
    written = dump(tmp_path / 'out', samples)
    assert np.array_equal(written['1.png'], labels)
    assert np.array_equal(written['2.png'], labels + 1)


def test_floats_of_a_model_of_one_output_channel_and_one_row_are_labels(tmp_path):
    labels = np.array([[0.0, 1.0, 1.0]], np.float32)
    assert dump(tmp_path / 'out', [predicted('1.png', labels)])['1.png'].tolist() == [[0, 1, 1]]


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/1.png').write_text('precious')
    with pytest.raises(FileExistsError, match='out is not empty'):
        dump(tmp_path / 'out', [])
