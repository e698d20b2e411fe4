"""A new picture gets its result at its own size from mmseg's and mmdet's own functions, with the configs as shipped."""

from __future__ import annotations

import functools
import json
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.apis import DetInferencer, inference_detector, init_detector
from mmdet.registry import VISUALIZERS
from mmengine.config import Config
from mmseg.apis import MMSegInferencer, inference_model, init_model, show_result_pyplot
from pictures import smooth_photo
from random_checkpoint import write_checkpoint

from mmmaskattn.evaluation.protocol import set_protocol

ROOT = Path(__file__).parents[2]
SIZES = {'wide': (97, 203), 'larger': (301, 150)}
LEAVES = {
    'semantic': ('ade20k_semantic_128_nano',),
    'instance': ('coco_instance_128_nano',),
    'panoptic': ('coco_panoptic_128_nano',),
}
MORE = {
    'semantic': ('camvid', 'cityscapes', 'coco', 'ccp', 'legend', 'magnetic_tile'),
    'instance': ('ade20k', 'cityscapes', 'dsb2018'),
    'panoptic': ('ade20k', 'cityscapes', 'dsb2018'),
}

PATH, ARRAY = 0, 1


def leaves(task: str) -> list:
    repeats = (f'{data}_{task}_128_nano' for data in MORE[task])
    return [*LEAVES[task], *(pytest.param(name, marks=pytest.mark.long) for name in repeats)]


@pytest.fixture(scope='module')
def pictures(tmp_path_factory) -> dict[str, tuple[str, np.ndarray]]:
    folder = tmp_path_factory.mktemp('pictures')
    drawn = {name: smooth_photo(size) for name, size in SIZES.items()}
    for name, picture in drawn.items():
        cv2.imwrite(str(folder / f'{name}.png'), picture)
    return {name: (str(folder / f'{name}.png'), picture) for name, picture in drawn.items()}


@pytest.fixture(scope='module')
def model_of(tmp_path_factory):
    """Checkpoints, each written once."""
    folder = tmp_path_factory.mktemp('checkpoints')
    return functools.lru_cache(None)(lambda name: write_checkpoint(name, folder))


@pytest.mark.parametrize('leaf', leaves('semantic'))
def test_mmseg_functions_label_and_draw_every_pixel(leaf, model_of, pictures, tmp_path):
    for place in (PATH, ARRAY):  # each with a model of its own: after an array, mmseg and mmdet take no path
        model = init_model(*model_of(leaf), device='cpu')
        for name, given in pictures.items():
            found = inference_model(model, given[place])
            assert found.pred_sem_seg.shape == found.ori_shape == SIZES[name]
            drawn = show_result_pyplot(model, given[place], found, show=False, out_file=str(tmp_path / 'drawn.png'))
            assert drawn.shape == cv2.imread(str(tmp_path / 'drawn.png')).shape == (*SIZES[name], 3)


@pytest.mark.parametrize('leaf', leaves('semantic'))
def test_mmseg_inferencer_labels_and_draws_every_pixel(leaf, model_of, pictures, tmp_path):
    infer = MMSegInferencer(*model_of(leaf), device='cpu')
    for name, (path, array) in pictures.items():
        found = infer([path, array], return_vis=True, batch_size=2, out_dir=str(tmp_path))
        assert [one.shape for one in found['predictions']] == [SIZES[name]] * 2
        assert [one.shape for one in found['visualization']] == [(*SIZES[name], 3)] * 2
        assert np.array_equal(*found['predictions'])
        assert cv2.imread(str(tmp_path / 'vis' / f'{name}.png')).shape == (*SIZES[name], 3)


def check_found(sample, size: tuple[int, int]) -> None:
    """Masks, boxes and maps at the picture's size, and in its coordinates."""
    assert sample.ori_shape == size
    found = sample.pred_instances
    assert found.masks.shape == (len(found), *size)
    assert len(found) > 0
    for mask, box in zip(found.masks, found.bboxes.tolist()):
        rows, columns = (mask.any(axis).nonzero() for axis in (1, 0))
        assert box == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert found.bboxes.amax(0)[2:].tolist() == [size[1], size[0]], 'something lies at the lower right edge'
    assert sample.pred_panoptic_seg.shape == sample.pred_sem_seg.shape == size


@pytest.mark.parametrize('leaf', [*leaves('instance'), *leaves('panoptic')])
def test_mmdet_functions_find_and_draw(leaf, model_of, pictures, tmp_path):
    out, found = str(tmp_path / 'drawn.png'), {}
    for place in (PATH, ARRAY):
        model = init_detector(*model_of(leaf), device='cpu')
        for name, given in pictures.items():
            found[name, place] = inference_detector(model, given[place])
            check_found(found[name, place], SIZES[name])
    drawer = VISUALIZERS.build(dict(model.cfg.visualizer, name=str(tmp_path)))
    drawer.dataset_meta = model.dataset_meta
    for name, given in pictures.items():
        assert torch.equal(*(found[name, place].pred_panoptic_seg.sem_seg for place in (PATH, ARRAY)))
        drawer.add_datasample('', given[ARRAY], found[name, PATH], draw_gt=False, pred_score_thr=0.0, out_file=out)
        assert drawer.get_image().shape == cv2.imread(out).shape == (*SIZES[name], 3)
        assert (drawer.get_image() != given[ARRAY]).any()


@pytest.mark.parametrize('leaf', [*leaves('instance'), *leaves('panoptic')])
def test_det_inferencer_finds_draws_and_stores(leaf, model_of, pictures, tmp_path):
    assert find_spec('panopticapi') is None
    infer = DetInferencer(*model_of(leaf), device='cpu', show_progress=False)
    for name, given in pictures.items():
        found = infer(list(given), return_vis=True, out_dir=str(tmp_path), no_save_pred=False)
        assert [one.shape for one in found['visualization']] == [(*SIZES[name], 3)] * 2
        assert cv2.imread(str(tmp_path / f'vis/{name}.png')).shape == (*SIZES[name], 3)
        for one in found['predictions']:
            assert one['masks'][0]['size'] == list(SIZES[name])
            stored = cv2.imread(one['panoptic_seg_path'])
            assert stored.shape == (*SIZES[name], 3)
        bare = infer(given[ARRAY])['predictions'][0]
        assert np.array_equal(bare['panoptic_seg'], stored[..., ::-1])
        assert json.loads((tmp_path / f'preds/{name}.json').read_text())['bboxes'] == bare['bboxes']


@pytest.mark.parametrize('leaf', [LEAVES['semantic'][0], LEAVES['panoptic'][0]])
def test_the_protocol_changes_nothing(leaf, model_of, pictures):
    given, found = model_of(leaf), []
    for protocol in ('lowres', 'native'):
        cfg = Config.fromfile(given.config)
        set_protocol(cfg, protocol)
        semantic = 'semantic' in leaf
        model = (init_model if semantic else init_detector)(cfg, given.checkpoint, device='cpu')
        sample = (inference_model if semantic else inference_detector)(model, pictures['wide'][0])
        found.append(sample.pred_sem_seg.data if semantic else sample.pred_instances.masks)
    assert torch.equal(*found)
