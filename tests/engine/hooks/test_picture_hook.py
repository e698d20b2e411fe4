"""The hook stores one picture per image, through mmdet's visualizer, under names that never clash."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmdet.visualization import DetLocalVisualizer
from mmengine.config import Config, ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.structures import PixelData
from segment_samples import METAINFO, segment_sample

from mmmaskattn.engine.hooks import picture_hook
from mmmaskattn.registry import HOOKS
from mmmaskattn.visualization.legend import GAP, LEGEND, MARGIN, TITLE


class Images(BaseDataset):
    """Image files as a data set."""

    def __init__(self, paths):
        self.paths = paths
        super().__init__(metainfo=METAINFO)

    def load_data_list(self):
        return [dict(img_path=str(path)) for path in self.paths]


@pytest.fixture
def job(tmp_path, request):
    """A runner's parts that the hook uses: two images of one stem in two folders, one of another stem."""
    paths = [tmp_path / name for name in ('a/1.png', 'b/1.png', 'b/2.png')]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((16, 16, 3), 50 * number, np.uint8))
    name = request.node.name  # mmengine keeps one visualizer per name
    visualizer = DetLocalVisualizer.get_instance(name, vis_backends=[dict(type='LocalVisBackend')], save_dir=tmp_path)
    loader = SimpleNamespace(dataset=Images(paths))
    cfg = Config(dict(visualizer=dict(save_dir=str(tmp_path))))
    runner = SimpleNamespace(val_dataloader=loader, test_dataloader=loader, iter=5, cfg=cfg, log_dir=str(tmp_path))
    samples = [segment_sample(img_path=str(path)) for path in paths]
    return SimpleNamespace(
        runner=runner, samples=samples, folder=tmp_path / 'vis_data/vis_image', visualizer=visualizer
    )


def build(**options):
    return HOOKS.build(dict(type='mmmaskattn.InstancePictureHook', **options))


def stored(job):
    return {path.name: cv2.imread(str(path)) for path in sorted(job.folder.glob('*'))}


@pytest.mark.parametrize('main_process', [True, False])
def test_pictures_of_equal_stems_are_told_apart_in_every_process(job, main_process, monkeypatch):
    monkeypatch.setattr(picture_hook, 'is_main_process', lambda: main_process)
    hook = build(draw=True, interval=1, alpha=1.0)
    hook.after_test_iter(job.runner, 0, None, job.samples[:1])
    hook.after_test_iter(job.runner, 1, None, job.samples[1:])
    pictures = stored(job)
    assert list(pictures) == ['test_000000_1_0.png', 'test_000001_1_0.png', 'test_000002_2_0.png']
    for number, picture in enumerate(pictures.values()):
        assert picture.shape == (2 * MARGIN + TITLE + 384, 2 * MARGIN + 4 * (384 + GAP) + LEGEND, 3)
        image = picture[MARGIN + TITLE : MARGIN + TITLE + 384, MARGIN : MARGIN + 384]
        assert (image == 50 * number).all()


def test_colours_are_stored_in_the_right_order(job):
    build(draw=True, interval=1, alpha=1.0).after_val_iter(job.runner, 0, None, job.samples[:1])
    (picture,) = stored(job).values()
    left = MARGIN + 384 + GAP
    blue_green_red = [round(0.6 * channel) for channel in METAINFO['palette'][3]][::-1]
    assert picture[MARGIN + TITLE + 5, left + 5].tolist() == blue_green_red, 'sky in the truth'


def test_draws_every_nth_batch_of_validation_and_nothing_unless_told(job):
    build().after_val_iter(job.runner, 49, None, job.samples)
    assert stored(job) == {}
    hook = build(draw=True, interval=2)
    for batch in range(3):
        hook.after_val_iter(job.runner, batch, None, job.samples[batch : batch + 1])
    assert list(stored(job)) == ['val_000001_1_5.png']


def test_show_opens_a_window_and_stores_nothing(job, monkeypatch):
    shown = []
    monkeypatch.setattr(
        job.visualizer, 'show', lambda picture, win_name, wait_time: shown.append((win_name, wait_time))
    )
    build(draw=True, interval=1, show=True, wait_time=3).after_test_iter(job.runner, 0, None, job.samples[:1])
    assert shown == [('test_000000_1', 3)]
    assert stored(job) == {}


def test_embeddings_on_request(job):
    job.samples[0].pred_embeddings = PixelData(data=torch.rand(4, 16, 16))
    hook = build(draw=True, interval=1, embeddings=True, embedding_pixels='all', side=128)
    hook.after_test_iter(job.runner, 0, None, job.samples[:1])
    (picture,) = stored(job).values()
    assert picture.shape[1] == 2 * MARGIN + 5 * (128 + GAP) + LEGEND
    with pytest.raises(ValueError, match='no pred_embeddings'):
        hook.after_test_iter(job.runner, 1, None, job.samples[1:])


def test_options_are_checked_at_once():
    with pytest.raises(ValueError, match="InstancePictureHook: option embedding_pixels is 'some'; expected"):
        build(embeddings=True, embedding_pixels='some')


def test_a_config_of_mmdets_hook_needs_only_another_type(job):
    options = ConfigDict(draw=True, interval=1, score_thr=0.95, show=False, wait_time=0.0, backend_args=None)
    build(**options).after_test_iter(job.runner, 0, None, job.samples[:1])
    assert len(stored(job)) == 1
