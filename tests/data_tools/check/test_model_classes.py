"""Heads and pipelines must have as many classes as the data."""

from pathlib import Path

import mmdet
import mmseg
import pytest
from mmengine.config import Config

from mmmaskattn.data_tools.check.splits import check_class_counts, model_class_counts, pipeline_class_counts

ROOT = Path(__file__).parents[3]
MMDET = Path(mmdet.__file__).parent / '.mim/configs'
MMSEG = Path(mmseg.__file__).parent / '.mim/configs'
THINGS, STUFF = tuple(f't{i}' for i in range(80)), tuple(f's{i}' for i in range(53))
PANOPTIC = dict(classes=THINGS + STUFF, thing_classes=THINGS, stuff_classes=STUFF)
INSTANCES = dict(classes=THINGS)


def counts(path: Path) -> dict[str, int]:
    return dict(model_class_counts(Config.fromfile(path).model))


def problems(path: Path, metainfo: dict) -> list[str]:
    return [str(p) for p in check_class_counts(list(counts(path).items()), metainfo, 'train_dataloader.dataset')]


def test_our_heads_and_steps_are_found():
    cfg = Config.fromfile(ROOT / 'configs/maskattn/camvid_semantic_128_tiny.py')
    heads = ('decode_head', *(f'auxiliary_head.{number}' for number in range(3)))
    assert dict(model_class_counts(cfg.model)) == {f'model.{head}.num_classes': 11 for head in heads}
    steps = dict(pipeline_class_counts(cfg.train_dataloader.dataset.pipeline, 'train_dataloader.dataset'))
    assert list(steps.values()) == [11]


@pytest.mark.parametrize(
    ('config', 'metainfo', 'options'),
    [
        ('mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', INSTANCES, {'bbox_head', 'mask_head'}),
        ('panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py', PANOPTIC, {'bbox_head', 'mask_head', 'semantic_head'}),
        ('mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py', PANOPTIC, {'panoptic_head'}),
        ('mask2former/mask2former_r50_8xb2-lsj-50e_coco.py', INSTANCES, {'panoptic_head'}),
    ],
)
def test_mmdets_configs_agree_with_coco(config, metainfo, options):
    found = counts(MMDET / config)
    assert all(any(option in path for path in found) for option in options)
    assert not any('rpn_head' in path for path in found)
    assert problems(MMDET / config, metainfo) == []


def test_mmsegs_auxiliary_head_is_found_too():
    found = counts(MMSEG / 'fcn/fcn_r50-d8_4xb4-80k_ade20k-512x512.py')
    assert found == {'model.decode_head.num_classes': 150, 'model.auxiliary_head.num_classes': 150}


def test_too_few_outputs_are_an_error_too_many_a_note():
    metainfo = dict(classes=('a', 'b', 'c'))
    few, many = check_class_counts(
        [('model.decode_head.num_classes', 2), ('model.auxiliary_head.num_classes', 4)], metainfo, 'data'
    )
    assert str(few) == 'error: model.decode_head.num_classes: 2, but data has 3 classes; set it to 3'
    assert str(many) == 'note: model.auxiliary_head.num_classes: 4, but data has 3 classes; set it to 3'


def test_a_panoptic_model_on_instances_alone_is_noted():
    text = '\n'.join(problems(MMDET / 'mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py', INSTANCES))
    assert 'model.panoptic_head.num_stuff_classes: 53, but train_dataloader.dataset has 0 classes' in text
