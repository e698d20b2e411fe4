"""The truth is found in whatever a step leaves: id maps, fields of mmseg and mmdet, packed samples; its drawing."""

from __future__ import annotations

import numpy as np
import pytest
from mmdet.datasets.transforms import PackDetInputs
from mmdet.structures.mask import BitmapMasks, PolygonMasks
from mmseg.datasets.transforms import PackSegInputs

from mmmaskattn.datasets.transforms.pack_segments import MakeInstances
from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.truth import BOX, IGNORED, UNLABELLED, Truth, draw_truth, read_truth, stripes
from mmmaskattn_runtime.drawing import outlines

ID_MAP = np.array([[0, 1, 1, 3], [2, 2, 4, 3]], np.int32)
SEGMENTS = [
    dict(id=11, label=0, isthing=True, iscrowd=0),
    dict(id=12, label=2, isthing=False, iscrowd=0),
    dict(id=13, label=1, isthing=True, iscrowd=0),
    dict(id=14, label=0, isthing=True, iscrowd=0),
]


def id_map_results():
    image = np.zeros((2, 4, 3), np.uint8)
    return dict(
        img=image, gt_id_map=ID_MAP.copy(), segments=SEGMENTS, img_path='x.png', img_id=1, ori_shape=(2, 4),
        img_shape=(2, 4), seg_fields=['gt_id_map'],
    )  # fmt: skip


def test_id_map_gives_labels_and_numbers_of_things_only():
    truth = read_truth(id_map_results())
    assert truth.labels.tolist() == [[IGNORED, 0, 0, 1], [2, 2, 0, 1]]
    assert truth.ids.tolist() == [[0, 1, 1, 2], [0, 0, 3, 2]]
    assert truth.instance_labels == (0, 1, 0)


def test_same_truth_before_and_after_make_instances_and_packing():
    results = id_map_results()
    truth = read_truth(results)
    made = MakeInstances()(results)
    again = read_truth(made)
    packed = read_truth(PackDetInputs()(made))
    for later in (again, packed):
        assert np.array_equal(later.labels, truth.labels)
        assert np.array_equal(later.ids, truth.ids)
        assert later.instance_labels == truth.instance_labels
        assert later.boxes.tolist() == [[1, 0, 3, 1], [3, 0, 4, 2], [2, 1, 3, 2]]


def test_crowd_is_ignored_before_and_after_make_instances_and_packing():
    segments = [dict(segment, iscrowd=int(segment['id'] == 11)) for segment in SEGMENTS]
    results = dict(id_map_results(), segments=segments)
    before = read_truth(results)
    made = MakeInstances()(results)
    for truth in [before, read_truth(made), read_truth(PackDetInputs()(made))]:
        assert truth.labels.tolist() == [[IGNORED, IGNORED, IGNORED, 1], [2, 2, 0, 1]]
        assert truth.ids.tolist() == [[0, 0, 0, 1], [0, 0, 2, 1]]
        assert truth.instance_labels == (1, 0)


def test_semantic_map_before_and_after_packing():
    label_map = np.array([[0, 255], [7, 1]], np.uint8)
    results = dict(img=np.zeros((2, 2, 3), np.uint8), gt_seg_map=label_map, img_path='x', seg_fields=['gt_seg_map'])
    expected = [[0, IGNORED], [7, 1]]
    assert read_truth(results).labels.tolist() == expected
    packed = read_truth(PackSegInputs(meta_keys=())(results))
    assert packed.labels.tolist() == expected
    assert not packed.ids.any()


def test_another_ignore_index():
    assert read_truth(dict(gt_seg_map=np.array([[0, 255]])), ignore_index=0).labels.tolist() == [[IGNORED, 255]]


def test_small_masks_lie_on_large_ones_and_crowd_is_ignored():
    masks = np.zeros((3, 4, 4), np.uint8)
    masks[0, 1, 1] = 1
    masks[1, :3, :3] = 1
    masks[2, 3] = 1
    results = dict(
        gt_masks=BitmapMasks(masks, 4, 4),
        gt_bboxes_labels=np.array([5, 6, 7]),
        gt_ignore_flags=np.array([False, False, True]),
    )
    truth = read_truth(results)
    assert truth.ids[1, 1] == 1
    assert truth.ids[0, 0] == 2
    assert truth.labels[1, 1] == 5
    assert (truth.labels[3] == IGNORED).all()
    assert truth.labels[0, 3] == UNLABELLED
    assert truth.instance_labels == (5, 6)


def test_ignored_instances_of_a_packed_sample_are_ignored():
    masks = np.zeros((2, 3, 3), np.uint8)
    masks[0, 0], masks[1, 2] = 1, 1
    results = dict(
        img=np.zeros((3, 3, 3), np.uint8),
        gt_masks=BitmapMasks(masks, 3, 3),
        gt_bboxes=np.array([[0, 0, 3, 1], [0, 2, 3, 3]], np.float32),
        gt_bboxes_labels=np.array([0, 1]),
        gt_ignore_flags=np.array([False, True]),
    )
    truth = read_truth(PackDetInputs(meta_keys=())(results))
    assert truth.labels[:, 0].tolist() == [0, UNLABELLED, IGNORED]
    assert truth.instance_labels == (0,)
    assert truth.box_labels == (0,)


def test_polygons_and_boxes_without_masks():
    square = np.array([1.0, 1, 3, 1, 3, 3, 1, 3])
    truth = read_truth(dict(gt_masks=PolygonMasks([[square]], 4, 4), gt_bboxes_labels=np.array([2])))
    assert truth.shape == (4, 4)
    assert truth.labels[2, 2] == 2
    boxes = read_truth(
        dict(img=np.zeros((5, 6, 3)), gt_bboxes=np.array([[0.0, 1, 2, 3]]), gt_bboxes_labels=np.array([4]))
    )
    assert boxes.shape == (5, 6)
    assert boxes.box_labels == (4,)
    assert not boxes.ids.any()


def test_no_truth_and_no_instances():
    assert read_truth(dict(img=np.zeros((2, 2, 3)))) is None
    empty = dict(gt_masks=BitmapMasks(np.zeros((0, 2, 3), np.uint8), 2, 3), gt_bboxes_labels=np.zeros(0, int))
    truth = read_truth(empty)
    assert truth.shape == (2, 3)
    assert truth.instance_labels == ()


def test_numbers_are_taken_over_only_from_the_same_instances():
    whole = read_truth(id_map_results())
    cut = id_map_results()
    cut['gt_id_map'] = np.where(ID_MAP == 1, 2, ID_MAP)  # instance 1 is hidden by stuff
    shown = read_truth(cut)
    made = read_truth(MakeInstances()(cut))
    assert made.instance_labels == (1, 0), 'numbered anew'
    assert made.numbered_like(shown).instance_labels == whole.instance_labels
    assert np.array_equal(made.numbered_like(shown).ids, shown.ids)
    assert made.numbered_like(whole) is made
    assert made.numbered_like(None) is made


@pytest.mark.parametrize('change', ['labels', 'ids'])
def test_same_as_sees_each_difference(change: str):
    truth, other = read_truth(id_map_results()), read_truth(id_map_results())
    assert truth.same_as(other)
    getattr(other, change)[0, 0] = 2
    assert not truth.same_as(other)
    assert not truth.same_as(None)


TABLE = ClassTable.from_metainfo(
    dict(classes=('cat', 'grass'), palette=[(200, 0, 0), (0, 200, 0)], thing_classes=('cat',))
)
WHITE = [255, 255, 255]


def grey(size):
    return np.full((*size, 3), 100, np.uint8)


def test_stuff_is_flat_and_unlabelled_pixels_show_the_image():
    labels = np.full((4, 8), 1)
    labels[:, 6:] = UNLABELLED
    picture = draw_truth(grey((4, 8)), Truth(labels, np.zeros((4, 8), int)), TABLE, alpha=0.5)
    assert (picture[:, :6] == [50, 150, 50]).all()
    assert (picture[:, 6:] == 100).all()


def test_ignored_pixels_are_striped():
    picture = draw_truth(grey((16, 16)), Truth(np.full((16, 16), IGNORED), np.zeros((16, 16), int)), TABLE, alpha=1.0)
    assert np.array_equal(picture, stripes((16, 16)))
    assert len(np.unique(picture)) == 2


def test_touching_instances_have_colours_of_their_own_and_a_line_between():
    ids = np.repeat([[1, 2]], 2, axis=0)
    picture = draw_truth(grey((20, 20)), Truth(np.zeros((2, 2), int), ids, (0, 0)), TABLE, alpha=1.0)
    own = TABLE.instance_colours([0, 0]).tolist()
    assert picture[10, 5].tolist() == own[0]
    assert picture[10, 15].tolist() == own[1]
    assert picture[10, 10].tolist() == WHITE
    assert picture[10, 9].tolist() == own[0], 'one line, not two'


def test_outlines_surround_an_instance_also_at_the_pictures_border():
    ids = np.zeros((5, 5), int)
    ids[:3, :3] = 1
    expected = np.zeros((5, 5), bool)
    expected[:3, :3] = True
    expected[1, 1] = False
    assert np.array_equal(outlines(ids), expected)
    assert not outlines(np.zeros((3, 3), int)).any()


def test_boxes_are_drawn_without_masks_and_on_demand():
    nothing = np.full((10, 10), UNLABELLED)
    truth = Truth(nothing, np.zeros((10, 10), int), (), np.array([[2.0, 2, 8, 8]]), (0,))
    picture = draw_truth(grey((20, 20)), truth, TABLE)
    colour = TABLE.instance_colours([0])[0].tolist()
    assert picture[4, 10].tolist() == colour
    assert picture[10, 10].tolist() == [100] * 3
    ids = np.zeros((10, 10), int)
    ids[4, 4] = 1
    masked = Truth(nothing, ids, (0,), truth.boxes, (0,))
    assert draw_truth(grey((20, 20)), masked, TABLE)[4, 10].tolist() == [100] * 3
    assert draw_truth(grey((20, 20)), masked, TABLE, boxes=True)[4, 10].tolist() == list(BOX)
