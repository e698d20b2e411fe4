from __future__ import annotations

from pathlib import Path

import pytest
import torch
from drawn_truth import special
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import load_checkpoint

from mmmaskattn.models.grouping.cells import cells_of, enlarge

ROOT = Path(__file__).parents[3]
SIZE = (32, 32)


def build(leaf: str):
    """The model of a shipped config, with weights of its own."""
    cfg = Config.fromfile(ROOT / f'configs/maskattn/{leaf}.py')
    init_default_scope(cfg.default_scope)
    return MODELS.build(cfg.model)


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return build('dsb2018_panoptic_128_tiny')


def image(batch: int = 1, size: tuple[int, int] = SIZE) -> torch.Tensor:
    return torch.rand(batch, 3, *size, generator=torch.Generator().manual_seed(0))


def test_a_training_step_changes_every_part(model):
    samples = [special('blobs'), special('nothing')]
    losses = model.train()(image(2), samples, mode='loss')
    loss, logged = model.parse_losses(losses)
    loss.backward()
    assert {'loss_semantic', 'loss_contrast', 'loss_class', 'loss_seed', 'contrast_above_floor', 'loss'} <= set(logged)
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []
    summed = sum(float(logged[name]) for name in losses if 'loss' in name)
    assert float(loss) == pytest.approx(summed)


def test_auxiliary_heads_teach_and_are_left_out_of_predictions(model):
    samples = [special('blobs'), special('nothing')]
    losses = model.train()(image(2), samples, mode='loss')
    assert [name for name in losses if name.startswith('aux')] == [f'aux_{n}.loss_semantic' for n in range(3)]
    heads = model.auxiliary_head
    for head in heads:
        torch.nn.init.constant_(head.classes.weight, float('nan'))
    with torch.inference_mode():
        (found,) = model.eval()(image(), [special('blobs')], mode='predict')
    assert found.pred_sem_seg.sem_seg.isfinite().all()
    for head in heads:
        head.classes.reset_parameters()


def test_one_pass_gives_instances_panoptic_and_semantic_maps(model):
    sample = special('blobs')
    sample.set_metainfo(dict(ori_shape=(50, 70)))
    with torch.inference_mode():
        (found,) = model.eval()(image(), [sample], mode='predict')
    assert found.pred_instances.masks.shape[1:] == (50, 70)
    assert found.pred_panoptic_seg.sem_seg.shape == found.pred_sem_seg.sem_seg.shape == (1, 50, 70)


def test_the_network_size_without_rescaling(model):
    sample = special('blobs')
    sample.set_metainfo(dict(ori_shape=(50, 70)))
    with torch.inference_mode():
        (found,) = model.eval().predict(image(), [sample], rescale=False)
    assert found.pred_sem_seg.sem_seg.shape == (1, *SIZE)


def test_padding_has_no_part_in_a_prediction(model):
    """Class maps of an image that fills the left part of its batch are stretched from that part alone."""
    sample = special('blobs')
    sample.set_metainfo(dict(img_shape=(32, 20), ori_shape=(64, 40)))
    x = image()
    with torch.inference_mode():
        logits = enlarge(model.eval()(x)[0], SIZE)[:, :, :, :20]
        (found,) = model(x, [sample], mode='predict')
        maps = torch.nn.functional.interpolate(logits, (64, 40), mode='bilinear')
    assert torch.equal(found.pred_sem_seg.sem_seg, maps.argmax(1))
    assert found.pred_instances.masks.shape[1:] == found.pred_panoptic_seg.sem_seg.shape[1:] == (64, 40)
    with torch.inference_mode():
        (found,) = model.predict(x, [sample], rescale=False)
    assert torch.equal(found.pred_sem_seg.sem_seg, logits.argmax(1))


@pytest.mark.parametrize('size', [(32, 32), (17, 31), (64, 48)])
def test_the_bare_forward_gives_maps_of_the_size_that_they_are_computed_in(model, size):
    """Nuclei are found in maps of all pixels, whose classes are computed at the decoder's stride of 2."""
    with torch.inference_mode():
        semantic, embeddings, seeds = model.eval()(image(2, size))
    assert semantic.shape == (2, 2, *cells_of(size, 2))
    assert embeddings.shape == (2, 48, *size)
    assert seeds.shape == (2, 1, *size)


def test_the_bare_forward_exports_to_the_same_function(model):
    x = image(size=(48, 64))
    program = torch.export.export(model.eval(), (x,))
    with torch.inference_mode():
        for a, b in zip(model(x), program.module()(x)):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


LEAVES = ('ade20k_semantic_128_tiny', 'dsb2018_instance_128_tiny', 'coco_panoptic_128_tiny')


@pytest.mark.parametrize('source', LEAVES)
@pytest.mark.parametrize('target', LEAVES)
def test_backbone_and_neck_move_between_the_tasks(source, target, tmp_path):
    giver, taker = build(source), build(target)
    torch.save(dict(state_dict=giver.state_dict(), meta={}), tmp_path / 'weights.pth')
    shared = {name for name in giver.state_dict() if name.startswith(('backbone.', 'neck.'))}
    assert {name for name in taker.state_dict() if name.startswith(('backbone.', 'neck.'))} == shared
    own = {name: value for name, value in torch.load(tmp_path / 'weights.pth')['state_dict'].items() if name in shared}
    load_checkpoint(
        taker, str(tmp_path / 'weights.pth'), map_location='cpu', revise_keys=[(r'^(segment|decode)_head', 'x')]
    )
    taken = taker.state_dict()
    assert all(torch.equal(taken[name], value) for name, value in own.items())


def test_the_instance_task_is_the_same_detector_without_stuff():
    model = build('coco_instance_128_tiny')
    assert model.segment_head.num_things == 80
    assert model.segment_head.num_classes == 81
