"""AP against pycocotools run on hand-written json files, and on cases whose AP is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import METRICS
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scored_samples import THINGS, disturbed, evaluate, random_ids, truth, with_instances

from mmmaskattn.evaluation import InstanceAP

CAT, DOG, COW, SKY, SEA = range(5)
SIZE = (24, 30)
BINS = (30.0, 90.0)


def boxes(*corners: tuple[int, int, int, int], size: tuple[int, int] = (10, 10)) -> np.ndarray:
    """Boxes (top, left, height, width) numbered from 1, each over those before."""
    ids = np.zeros(size, int)
    for k, (top, left, height, width) in enumerate(corners, 1):
        ids[top : top + height, left : left + width] = k
    return ids


def random_case(seed: int) -> dict:
    """Truth and prediction of one image: number 0 is void, scores with ties."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(THINGS), 14).tolist()
    ids = random_ids(rng, len(labels), SIZE)
    guess, guessed = disturbed(rng, ids, labels)
    guessed = [label % len(THINGS) for label in guessed]
    kept = [k for k in range(1, len(guessed) + 1) if (guess == k).any()]
    crowds = [k for k in (2, 5) if (ids == k).any()]
    masks, found = [guess == k for k in kept], [guessed[k - 1] for k in kept]
    return dict(ids=ids, labels=labels, crowds=crowds, masks=masks, found=found, scores=rng.random(len(kept)).round(1))


def sample_of(case: dict, number: int):
    sample = truth(case['ids'], case['labels'], case['crowds'], img_id=number)
    return with_instances(sample, case['masks'], case['found'], case['scores'].tolist())


def code(mask: np.ndarray) -> dict:
    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(packed, counts=packed['counts'].decode())


def write_json(cases: list[dict], path: Path, names: tuple[str, ...] = THINGS) -> dict[str, int]:
    """A COCO json of the truth, its categories in the order given and numbered 11, 21, ...; returns their ids."""
    number = {name: 10 * i + 11 for i, name in enumerate(names)}
    annotations = []
    for image, case in enumerate(cases):
        for k, label in enumerate(case['labels'], 1):
            mask = case['ids'] == k
            if mask.any():
                row = dict(
                    id=len(annotations) + 1, image_id=image, category_id=number[THINGS[label]], bbox=[0, 0, 1, 1]
                )
                row.update(area=int(mask.sum()), iscrowd=int(k in case['crowds']), segmentation=code(mask))
                annotations.append(row)
    images = [dict(id=i, file_name=f'{i}.png', height=SIZE[0], width=SIZE[1]) for i in range(len(cases))]
    categories = [dict(id=number[name], name=name) for name in names]
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    return number


def raw_coco_eval(cases: list[dict], path: Path, bins=(32**2, 96**2), max_dets: int = 100, thresholds=None) -> dict:
    """The official way: a json, loadRes, evaluate, accumulate."""
    number = write_json(cases, path)
    truth_api = COCO(str(path))
    results = [
        dict(image_id=i, category_id=number[THINGS[label]], segmentation=code(mask), score=float(np.float32(score)))
        for i, case in enumerate(cases)
        for mask, label, score in zip(case['masks'], case['found'], case['scores'])
    ]
    evaluation = COCOeval(truth_api, truth_api.loadRes(results), 'segm')
    evaluation.params.maxDets = [1, 10, max_dets]
    evaluation.params.areaRng = [[0, 1e10], [0, bins[0]], list(bins), [bins[1], 1e10]]
    if thresholds:
        evaluation.params.iouThrs = np.array(thresholds)
    evaluation.evaluate()
    evaluation.accumulate()
    precision, recall = evaluation.eval['precision'], evaluation.eval['recall']

    def mean(values):
        known = values[values > -1]
        return 100 * known.mean() if known.size else None

    return dict(
        AP=mean(precision[..., 0, -1]), AP50=mean(precision[0, :, :, 0, -1]), AP75=mean(precision[5:6, :, :, 0, -1]),
        AP_s=mean(precision[..., 1, -1]), AP_m=mean(precision[..., 2, -1]), AP_l=mean(precision[..., 3, -1]),
        AR=mean(recall[..., 0, -1]), by_threshold=[mean(precision[t, :, :, 0, -1]) for t in range(len(precision))],
        by_class=[mean(precision[:, :, c, 0, -1]) for c in range(len(THINGS))],
    )  # fmt: skip


@pytest.fixture(scope='module')
def cases() -> list[dict]:
    return [random_case(seed) for seed in range(8)]


@pytest.fixture(scope='module')
def samples(cases) -> list:
    return [sample_of(case, number) for number, case in enumerate(cases)]


ALWAYS = ('AP', 'AP50', 'AP75', 'AR', 'AP@30', 'AP@50', 'AP@70', 'AP@100', *(f'AP_max{n}' for n in (30, 50, 70, 100)))
NAMES = ('AP', 'AP50', 'AP75', 'AR', 'AP_s', 'AP_m', 'AP_l')


def test_equals_pycocotools_on_random_masks(cases, samples, tmp_path):
    expected = raw_coco_eval(cases, tmp_path / 'truth.json', BINS)
    metrics = evaluate(InstanceAP(size_bins=BINS, classwise=True), samples)
    assert {name: metrics[name] for name in NAMES} == pytest.approx({name: expected[name] for name in NAMES})
    assert [metrics[f'AP({name})'] for name in THINGS] == pytest.approx(expected['by_class'])
    assert next(iter(metrics)) == 'AP'
    assert 5 < metrics['AP'] < 95
    assert len({round(metrics[name], 3) for name in NAMES}) == len(NAMES)


def test_single_thresholds_equal_pycocotools(cases, samples, tmp_path):
    expected = raw_coco_eval(cases, tmp_path / 'truth.json', thresholds=[0.3, 0.5, 0.7, 1.0])['by_threshold']
    metrics = evaluate(InstanceAP(), samples)
    assert [metrics[f'AP@{t}'] for t in (30, 50, 70, 100)] == pytest.approx(expected)
    assert expected == sorted(expected, reverse=True)
    assert metrics['AP50'] == metrics['AP@50']


@pytest.mark.parametrize('limit', [1, 2])
def test_max_dets_is_pycocotools_per_class(cases, samples, tmp_path, limit):
    expected = raw_coco_eval(cases, tmp_path / 'truth.json', max_dets=limit + 10)
    assert evaluate(InstanceAP(max_dets=limit + 10), samples)['AP'] == pytest.approx(expected['AP'])
    few = evaluate(InstanceAP(max_dets=limit), samples)['AP']
    assert few < expected['AP']


@pytest.mark.parametrize('limit', [1, 3, 6, 50])
def test_image_limits_keep_the_best_of_an_image(cases, samples, tmp_path, limit):
    """As if the model had given no more than its best scored, of all classes."""
    cut = []
    for case in cases:
        best = np.argsort(-np.float32(case['scores']), kind='stable')[:limit]
        parts = {key: [case[key][i] for i in best] for key in ('masks', 'found')}
        cut.append({**case, **parts, 'scores': case['scores'][best]})
    expected = raw_coco_eval(cut, tmp_path / 'truth.json')['AP']
    metrics = evaluate(InstanceAP(image_limits=[limit, 2]), samples)
    assert metrics[f'AP_max{limit}'] == pytest.approx(expected)
    assert metrics['AP_max2'] <= metrics['AP']


def test_thresholds_of_its_own_from_plain_lists(cases, samples, tmp_path):
    expected = raw_coco_eval(cases, tmp_path / 'truth.json', thresholds=[0.4, 0.6])
    metric = METRICS.build(dict(type='mmmaskattn.InstanceAP', iou_thresholds=[0.4, 0.6], single_thresholds=[0.6]))
    metrics = evaluate(metric, samples)
    assert metrics['AP'] == pytest.approx(expected['AP'])
    assert metrics['AP@60'] == pytest.approx(expected['by_threshold'][1])
    assert 'AP@30' not in metrics


# Known cases


def test_perfect_prediction_is_100_whatever_the_threshold():
    ids = boxes((0, 0, 3, 3), (5, 5, 4, 4), (0, 6, 2, 2))
    sample = with_instances(
        truth(ids, [CAT, DOG, CAT]), [ids == k for k in (1, 2, 3)], [CAT, DOG, CAT], [0.9, 0.8, 0.7]
    )
    metrics = evaluate(InstanceAP(), [sample])
    assert metrics == pytest.approx(dict.fromkeys([*ALWAYS, 'AP_l'], 100))


def test_one_pixel_off_fails_at_100_only():
    ids = boxes((0, 0, 5, 10))
    mask = ids == 1
    mask[4, 9] = False  # IoU 0.98
    metrics = evaluate(InstanceAP(), [with_instances(truth(ids, [CAT]), [mask], [CAT], [0.9])])
    assert (metrics['AP'], metrics['AP@70'], metrics['AP@100']) == (pytest.approx(100), pytest.approx(100), 0)


def test_half_of_the_instances_found():
    """101 recalls: precision is 1 up to recall 0.5, which is 51 of them."""
    ids = boxes((0, 0, 3, 3), (5, 5, 4, 4))
    metrics = evaluate(InstanceAP(), [with_instances(truth(ids, [CAT, CAT]), [ids == 1], [CAT], [0.9])])
    assert metrics['AP'] == pytest.approx(100 * 51 / 101)
    assert metrics['AR'] == 50


def test_false_positive_above_and_below_the_right_one():
    ids = boxes((0, 0, 3, 3))
    wrong = boxes((6, 6, 3, 3)) == 1
    first = with_instances(truth(ids, [CAT]), [wrong, ids == 1], [CAT, CAT], [0.9, 0.8])
    assert evaluate(InstanceAP(), [first])['AP'] == pytest.approx(50)
    assert evaluate(InstanceAP(image_limits=[1]), [first])['AP_max1'] == 0
    last = with_instances(truth(ids, [CAT]), [wrong, ids == 1], [CAT, CAT], [0.1, 0.8])
    assert evaluate(InstanceAP(), [last])['AP'] == pytest.approx(100)


def test_crowd_excuses_any_number_of_predictions_and_need_not_be_found():
    ids = boxes((0, 0, 3, 3), (5, 0, 4, 10))
    pieces = [boxes((5, left, 4, 3)) == 1 for left in (0, 3, 6)]
    sample = truth(ids, [CAT, CAT], crowds=[2])
    metrics = evaluate(InstanceAP(), [with_instances(sample, [*pieces, ids == 1], [CAT] * 4, [0.9, 0.8, 0.7, 0.1])])
    assert metrics['AP'] == pytest.approx(100)
    same = truth(ids, [CAT, DOG], crowds=[2])
    assert evaluate(InstanceAP(), [with_instances(same, [*pieces, ids == 1], [CAT] * 4, [0.9, 0.8, 0.7, 0.1])])[
        'AP'
    ] == pytest.approx(25)


def test_crowd_of_stuff_is_no_instance():
    ids = boxes((0, 0, 3, 3), (5, 0, 4, 10))
    sample = with_instances(truth(ids, [CAT, SEA], crowds=[2]), [ids == 1], [CAT], [0.9])
    assert evaluate(InstanceAP(), [sample])['AP'] == pytest.approx(100)


def test_more_instances_than_counted_by_default():
    """150 one-pixel nuclei: max_dets 100 finds at most 100 of them."""
    ids = np.zeros((30, 30), int)
    ids.ravel()[0:600:4] = np.arange(1, 151)
    masks = [ids == k for k in range(1, 151)]
    sample = with_instances(truth(ids, [CAT] * 150), masks, [CAT] * 150, np.linspace(1, 0.1, 150).tolist())
    metrics = evaluate(InstanceAP(), [sample])
    assert metrics['AR'] == pytest.approx(100 * 100 / 150)
    assert metrics['AP'] == metrics['AP_max100'] == pytest.approx(100 * 67 / 101)
    assert metrics['AP_max30'] == pytest.approx(100 * 21 / 101)
    more = evaluate(InstanceAP(max_dets=400), [sample])
    assert more['AP'] == pytest.approx(100)
    assert more['AP_max100'] == metrics['AP_max100']


@pytest.mark.parametrize(('side', 'name'), [(7, 'AP_s'), (8, 'AP_m'), (22, 'AP_m'), (23, 'AP_l')])
def test_sizes_are_those_of_coco_scaled_to_the_map(side, name):
    """32^2 and 96^2 of 640x480 are 54.6 and 491.5 pixels of 128x128."""
    ids = boxes((3, 3, side, side), size=(128, 128))
    sample = with_instances(truth(ids, [CAT]), [ids == 1], [CAT], [0.9])
    found = [key for key in evaluate(InstanceAP(), [sample]) if key in ('AP_s', 'AP_m', 'AP_l')]
    assert found == [name]
    large = boxes((3, 3, side, side), size=(480, 640))
    sample = with_instances(truth(large, [CAT]), [large == 1], [CAT], [0.9])
    assert 'AP_s' in evaluate(InstanceAP(), [sample])
    absolute = evaluate(InstanceAP(size_bins=(50, 500)), [sample])
    assert name in absolute


# Nothing there


def no_predictions(sample):
    return with_instances(sample, [], [], [])


def test_no_prediction_gives_zero_under_every_name():
    ids = boxes((0, 0, 3, 3))
    metrics = evaluate(InstanceAP(), [no_predictions(truth(ids, [CAT]))])
    assert metrics == dict.fromkeys([*ALWAYS, 'AP_l'], 0.0)


def test_no_truth_and_no_image_give_zero():
    ids = boxes((0, 0, 3, 3))
    only_stuff = with_instances(truth(ids, [SKY]), [ids == 1], [CAT], [0.9])
    only_crowd = with_instances(truth(ids, [CAT], crowds=[1]), [ids == 1], [CAT], [0.9])
    for samples in ([only_stuff], [only_crowd], [no_predictions(truth(ids * 0, []))], []):
        assert evaluate(InstanceAP(), samples) == dict.fromkeys(ALWAYS, 0.0)


def test_images_without_truth_or_prediction_among_others():
    ids = boxes((0, 0, 3, 3))
    full = with_instances(truth(ids, [CAT], img_id=1), [ids == 1], [CAT], [0.5])
    false = with_instances(truth(ids, [SKY], img_id=2), [ids == 1], [CAT], [0.9])
    empty = no_predictions(truth(ids * 0, [], img_id=3))
    assert evaluate(InstanceAP(), [empty, full])['AP'] == pytest.approx(100)
    assert evaluate(InstanceAP(), [false, full, empty])['AP'] == pytest.approx(50)


def test_detection_data_set_without_kinds():
    ids = boxes((0, 0, 3, 3))
    sample = with_instances(truth(ids, [CAT]), [ids == 1], [CAT], [0.9])
    assert evaluate(InstanceAP(), [sample], dict(classes=THINGS))['AP'] == pytest.approx(100)


# The official json


def test_official_json_in_another_order_gives_the_same(cases, samples, tmp_path):
    expected = raw_coco_eval(cases, tmp_path / 'given.json')
    write_json(cases, tmp_path / 'turned.json', (*THINGS[::-1], 'unicorn'))
    for name in ('given.json', 'turned.json'):
        metrics = evaluate(InstanceAP(ann_file=str(tmp_path / name)), samples)
        assert metrics['AP'] == pytest.approx(expected['AP'])
        assert metrics['AP_s'] == pytest.approx(expected['AP_s'])
        assert 'AP_m' not in metrics  # COCO's own bins: all are under 32^2 pixels


def test_official_json_has_masks_that_overlap(tmp_path):
    """The map shows the small one whole and the large one cut; the json knows both whole."""
    ids = boxes((0, 0, 8, 8), (0, 0, 6, 6))
    whole = ids > 0
    annotations = [
        dict(id=i, image_id=0, category_id=1, bbox=[0, 0, 1, 1], area=int(m.sum()), iscrowd=0, segmentation=code(m))
        for i, m in enumerate((whole, ids == 2), 1)
    ]
    path = tmp_path / 'truth.json'
    images = [dict(id=0, file_name='0.png', height=10, width=10)]
    categories = [dict(id=1 + i, name=name) for i, name in enumerate(THINGS)]
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    sample = with_instances(truth(ids, [CAT, CAT]), [whole, ids == 2], [CAT, CAT], [0.9, 0.8])
    assert evaluate(InstanceAP(ann_file=str(path)), [sample])['AP@100'] == pytest.approx(100)
    assert evaluate(InstanceAP(), [sample])['AP@100'] < 60


def test_official_json_of_another_size_image_or_class_is_refused(cases, tmp_path):
    path = tmp_path / 'truth.json'
    write_json(cases[:1], path)
    small = boxes((0, 0, 3, 3))
    with pytest.raises(ValueError, match=r'truth\.json: image 0 is \(24, 30\).*evaluated at \(10, 10\).*native'):
        evaluate(InstanceAP(ann_file=str(path)), [no_predictions(truth(small, [CAT]))])
    with pytest.raises(ValueError, match=r'truth\.json: no image 7'):
        evaluate(InstanceAP(ann_file=str(path)), [no_predictions(truth(small, [CAT], img_id=7))])
    with pytest.raises(ValueError, match=r"truth\.json: classes \['horse'\] are not among"):
        evaluate(InstanceAP(ann_file=str(path)), [no_predictions(truth(small, [CAT]))], dict(classes=('cat', 'horse')))
    with pytest.raises(FileNotFoundError, match=r"ann_file='gone\.json'"):
        InstanceAP(ann_file='gone.json')


def test_sizes_are_those_that_the_json_states(tmp_path):
    """As pycocotools has it: a mask of 9 pixels whose json says 5000 is no small one; without an area its own."""
    ids, path = boxes((0, 0, 3, 3)), tmp_path / 'truth.json'
    sample = with_instances(truth(ids, [CAT]), [ids == 1], [CAT], [0.9])
    code = dict(coco_mask.encode(np.asfortranarray((ids == 1).astype(np.uint8))))
    code['counts'] = code['counts'].decode()
    row = dict(id=1, image_id=0, category_id=1, bbox=[0, 0, 3, 3], iscrowd=0, segmentation=code)
    image = dict(id=0, file_name='0.png', height=10, width=10)
    categories = [dict(id=k, name=name) for k, name in enumerate(THINGS, 1)]
    for more, size in ((dict(area=5000), 'm'), (dict(), 's')):
        path.write_text(json.dumps(dict(images=[image], annotations=[{**row, **more}], categories=categories)))
        metrics = evaluate(InstanceAP(ann_file=str(path), size_bins=(1000, 10000)), [sample])
        assert [name for name in ('AP_s', 'AP_m', 'AP_l') if name in metrics] == [f'AP_{size}'], metrics


# Wrong input


@pytest.mark.parametrize(
    'options',
    [dict(iou_thresholds=[0.5, 1.5]), dict(single_thresholds=[0]), dict(image_limits=[0]), dict(max_dets=0),
     dict(size_bins=[5]), dict(size_bins=[9, 4])],
)  # fmt: skip
def test_options_out_of_range_are_named(options):
    with pytest.raises(ValueError, match=rf'InstanceAP: option {next(iter(options))} is .*expected'):
        InstanceAP(**options)


def test_wrong_samples_are_named():
    ids = boxes((0, 0, 3, 3))
    with pytest.raises(ValueError, match=r'0\.png: its data sample has no pred_instances'):
        evaluate(InstanceAP(), [truth(ids, [CAT])])
    with pytest.raises(ValueError, match=r'0\.png: pred_instances has labels \[3\], expected 0 to 2'):
        evaluate(InstanceAP(), [with_instances(truth(ids, [CAT]), [ids == 1], [SKY], [0.9])])
    with pytest.raises(ValueError, match=r'0\.png: the prediction is \(20, 20\).*the truth \(10, 10\)'):
        evaluate(InstanceAP(), [with_instances(truth(ids, [CAT]), [np.ones((20, 20))], [CAT], [0.9])])
    sample = no_predictions(truth(ids, [CAT]))
    del sample.gt_instance_map
    sample.gt_instances = InstanceData(labels=torch.tensor([0]), bboxes=torch.zeros(1, 4))
    with pytest.raises(ValueError, match=r'0\.png: its gt_instances have no masks'):
        evaluate(InstanceAP(), [sample])
