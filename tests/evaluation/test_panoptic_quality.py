"""PQ on crafted cases, and on random maps against a double loop over segments written from the definition."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.registry import DATASETS, METRICS
from mmengine.structures import PixelData
from scored_samples import META, STUFF, THINGS, VOID, disturbed, evaluate, random_ids, truth, with_panoptic

from mmmaskattn.datasets.coco import CocoPanopticDataset
from mmmaskattn.evaluation import PanopticQuality

OFFICIAL = Path(__file__).parents[2] / '../shared/data/coco_panoptic2'
CAT, DOG, COW, SKY, SEA = range(5)


def rows(*numbers: int, width: int = 4) -> np.ndarray:
    """A map with one number per row."""
    return np.repeat(np.array(numbers)[:, None], width, axis=1)


def score(true_ids, true_labels, ids, labels, crowds=()) -> dict[str, float]:
    sample = with_panoptic(truth(true_ids, true_labels, crowds), ids, labels)
    return evaluate(PanopticQuality(classwise=True), [sample])


def test_perfect_prediction_is_100_and_every_name_is_there():
    ids, labels = rows(1, 1, 2, 3, 4), [CAT, CAT, SKY, SEA]
    metrics = score(ids, labels, ids, labels)
    names = [f'{name}{suffix}' for suffix in ('', '_things', '_stuff') for name in ('PQ', 'SQ', 'RQ')]
    assert metrics == {**dict.fromkeys(names, 100.0), 'PQ(cat)': 100, 'PQ(sky)': 100, 'PQ(sea)': 100}
    assert next(iter(metrics)) == 'PQ'


def test_iou_of_exactly_half_is_no_match_and_just_above_is():
    half = score(rows(0, 1, 1, 2, 2, 2), [CAT, SKY], rows(0, 1, 2, 2, 2, 2), [CAT, SKY])
    assert half['PQ(cat)'] == 0  # 1 of 2 rows
    above = score(rows(1, 1, 1, 2, 2, 2), [CAT, SKY], rows(1, 1, 2, 2, 2, 2), [CAT, SKY])
    assert above['PQ(cat)'] == pytest.approx(100 * 2 / 3)
    assert above['PQ(sky)'] == pytest.approx(100 * 3 / 4)
    assert above['PQ'] == pytest.approx(100 * (2 / 3 + 3 / 4) / 2)
    assert above['PQ_things'] == pytest.approx(above['PQ(cat)'])
    assert above['PQ_stuff'] == pytest.approx(above['PQ(sky)'])
    assert above['RQ'] == 100


def test_quality_by_size_parts_the_things_and_leaves_stuff_out():
    """Of 2400 pixels things are small below 8 and large from 72 on."""
    ids = np.zeros((40, 60), int)
    ids[:2, :3] = 1  # 6 of 2400 pixels: small, found
    ids[5:10, :10] = 2  # medium, found with 40 of 50 pixels
    ids[20:] = 3  # large, missed
    ids[:2, 30:] = 4  # stuff
    guess = np.where(ids == 3, 0, ids)
    guess[5:10, 8:10] = 0
    guess[12:14, :2] = 5  # small, wrong
    labels = [CAT, CAT, CAT, SKY]
    sample = with_panoptic(truth(np.where(guess == 5, 4, ids), labels), guess, [CAT, CAT, CAT, SKY, CAT])
    metrics = evaluate(PanopticQuality(by_size=True), [sample])
    assert metrics['PQ_s'] == pytest.approx(100 * 1 / 1.5)
    assert metrics['PQ_m'] == pytest.approx(100 * 0.8)
    assert metrics['PQ_l'] == 0
    assert metrics['PQ_things'] == pytest.approx(100 * 1.8 / (2 + 0.5 + 0.5))
    whole = evaluate(PanopticQuality(), [sample])
    assert whole == {name: value for name, value in metrics.items() if name not in ('PQ_s', 'PQ_m', 'PQ_l')}


def test_no_figure_of_a_size_without_things():
    ids = rows(1, 1, 2, 2)
    metrics = evaluate(PanopticQuality(by_size=True), [with_panoptic(truth(ids, [CAT, SKY]), ids, [CAT, SKY])])
    assert metrics['PQ_l'] == 100
    assert not {'PQ_s', 'PQ_m'} & metrics.keys()


def test_void_pixels_of_the_prediction_leave_the_union():
    # Prediction: rows 0-2. Truth: row 2. Rows 0 and 1 are void, so the IoU is 1 / 1.
    assert score(rows(0, 0, 1, 2), [CAT, SKY], rows(1, 1, 1, 2), [CAT, SKY])['PQ(cat)'] == 100


@pytest.mark.parametrize(('void_rows', 'counted'), [(1, True), (2, True), (3, False)])
def test_prediction_mostly_on_void_is_no_false_positive(void_rows, counted):
    """The dog lies on four rows, of which some are void and the rest sky: half is not more than half."""
    true_ids = rows(*[0] * void_rows, *[1] * (20 - void_rows))
    metrics = score(true_ids, [SKY], rows(*[2] * 4, *[1] * 16), [SKY, DOG])
    assert ('PQ(dog)' in metrics) == counted


@pytest.mark.parametrize(('label', 'counted'), [(CAT, False), (DOG, True)])
def test_crowd_is_not_missed_and_excuses_predictions_of_its_class_only(label, counted):
    metrics = score(rows(1, 1, 1, 2), [CAT, SKY], rows(1, 1, 3, 2), [label, SKY, label], crowds=[1])
    assert (f'PQ({META["classes"][label]})' in metrics) == counted
    assert metrics['PQ(sky)'] == 100


def test_crowd_matches_nothing_and_stays_in_the_union():
    """The official code takes void, not crowd, out of the union."""
    metrics = score(rows(1, 2, 2, 3), [CAT, CAT, SKY], rows(1, 1, 1, 2), [CAT, SKY], crowds=[1])
    assert metrics['PQ(cat)'] == pytest.approx(100 * 2 / 3)


def test_void_and_crowd_add_up():
    true_ids = rows(0, 1, 2, 2, 2, 2, 2, 2)
    metrics = score(true_ids, [CAT, SKY], rows(1, 1, 1, 2, 2, 2, 2, 2), [CAT, SKY], crowds=[1])
    assert 'PQ(cat)' not in metrics  # 2 of 3 rows


def test_split_instance():
    """Halves match nothing: two false positives, one miss. A large part matches: one of each."""
    halves = score(rows(1, 1, 2), [CAT, SKY], rows(1, 3, 2), [CAT, SKY, CAT])
    assert halves['PQ(cat)'] == 0
    parts = score(rows(1, 1, 1, 2), [CAT, SKY], rows(1, 1, 3, 2), [CAT, SKY, CAT])
    assert parts['PQ(cat)'] == pytest.approx(100 * (2 / 3) / (1 + 0.5))


def test_merged_instances():
    metrics = score(rows(1, 1, 1, 2, 3), [CAT, CAT, SKY], rows(1, 1, 1, 1, 2), [CAT, SKY])
    assert metrics['PQ(cat)'] == pytest.approx(100 * (3 / 4) / (1 + 0.5))
    assert metrics['SQ_things'] == pytest.approx(75)
    assert metrics['RQ_things'] == pytest.approx(100 / 1.5)


def test_wrong_class_is_a_false_positive_and_a_miss():
    metrics = score(rows(1, 2), [CAT, SKY], rows(1, 2), [DOG, SKY])
    assert metrics['PQ(cat)'] == metrics['PQ(dog)'] == 0
    assert metrics['PQ_things'] == 0
    assert metrics['PQ'] == pytest.approx(100 / 3)


def test_thing_taken_for_stuff():
    metrics = score(rows(1, 2), [CAT, SKY], rows(1, 2), [SEA, SKY])
    assert metrics['PQ_things'] == 0
    assert metrics['PQ_stuff'] == 50


def test_stuff_in_two_places_is_one_segment():
    metrics = score(rows(1, 2, 1), [SKY, CAT], rows(1, 2, 1), [SKY, CAT])
    assert metrics['PQ(sky)'] == 100


def test_no_segment_predicted_at_all():
    metrics = score(rows(1, 2), [CAT, SKY], rows(0, 0), [])
    assert metrics['PQ'] == metrics['SQ'] == metrics['RQ'] == 0
    assert all(np.isfinite(value) for value in metrics.values())


def test_nothing_but_void_and_no_image_at_all():
    names = {f'{name}{suffix}' for suffix in ('', '_things', '_stuff') for name in ('PQ', 'SQ', 'RQ')}
    assert score(rows(0, 0), [], rows(0, 0), []) == dict.fromkeys(names, 0.0)
    assert score(rows(0, 0), [], rows(1, 2), [CAT, SKY]) == dict.fromkeys(names, 0.0)
    assert evaluate(PanopticQuality(), []) == dict.fromkeys(names, 0.0)


@pytest.mark.parametrize(('kind', 'absent'), [('thing_classes', '_stuff'), ('stuff_classes', '_things')])
def test_kind_without_classes_is_left_out(kind, absent):
    meta = {'thing_classes': (), 'stuff_classes': (), 'classes': META['classes'], kind: META['classes']}
    sample = truth(rows(0, 0), [])
    sample.pred_panoptic_seg = PixelData(sem_seg=torch.full((1, 2, 4), VOID))
    metrics = evaluate(PanopticQuality(), [sample], meta)
    assert len(metrics) == 6
    assert not any(name.endswith(absent) for name in metrics)


def test_background_of_the_instance_task_is_stuff():
    meta = dict(classes=('cell',), thing_classes=('cell',), stuff_classes=('background',))
    sample = truth(rows(1, 1, 1, 2), [0, 1])
    sample.gt_instances = sample.gt_instances[sample.gt_instances.labels == 0]
    sample.gt_instance_map.ids[sample.gt_instance_map.ids == 2] = 0
    sample.pred_panoptic_seg = PixelData(sem_seg=torch.from_numpy(rows(1000, 1000, 1, 1)[None]))
    metrics = evaluate(PanopticQuality(classwise=True), [sample], meta)
    assert metrics['PQ(cell)'] == pytest.approx(100 * 2 / 3)
    assert metrics['PQ(background)'] == 0


# Against the definition


def reference(pairs: list[tuple]) -> dict[str, float]:
    """The definition, segment by segment: no arrays of pairs."""
    sums = {c: dict(iou=0.0, tp=0, fp=0, fn=0) for c in range(VOID)}
    for true_ids, true_labels, crowds, ids, labels in pairs:
        true_masks = _masks(true_ids, true_labels)
        guesses = _masks(ids, labels)
        void = true_ids == 0
        hit = set()
        for label, mask, _ in guesses:
            match = None
            for other, (true_label, true_mask, true_number) in enumerate(true_masks):
                if true_label != label or true_number in crowds:
                    continue
                union = (mask | true_mask) & ~(mask & void)
                iou = (mask & true_mask).sum() / union.sum()
                if iou > 0.5:
                    match = (other, iou)
            if match:
                hit.add(match[0])
                sums[label]['tp'] += 1
                sums[label]['iou'] += match[1]
                continue
            excuse = void.copy()
            for true_label, true_mask, true_number in true_masks:
                if true_number in crowds and true_label == label:
                    excuse |= true_mask
            sums[label]['fp'] += not (mask & excuse).sum() > mask.sum() / 2
        for other, (true_label, _, true_number) in enumerate(true_masks):
            sums[true_label]['fn'] += other not in hit and true_number not in crowds
    return _summary(sums)


def _masks(ids, labels) -> list[tuple]:
    """(label, mask, number) of each thing and of each class of stuff."""
    found = [(label, ids == k, k) for k, label in enumerate(labels, 1) if (ids == k).any()]
    things = [one for one in found if one[0] < len(THINGS)]
    stuff = {label: np.logical_or.reduce([m for c, m, _ in found if c == label]) for label, _, _ in found}
    return things + [(label, mask, -label) for label, mask in stuff.items() if label >= len(THINGS)]


def _summary(sums) -> dict[str, float]:
    metrics = {}
    kinds = {'': range(VOID), '_things': range(len(THINGS)), '_stuff': range(len(THINGS), VOID)}
    for suffix, classes in kinds.items():
        seen = [s for s in (sums[c] for c in classes) if s['tp'] + s['fp'] + s['fn'] > 0]
        parts = [(s, s['tp'] + s['fp'] / 2 + s['fn'] / 2) for s in seen]
        metrics[f'PQ{suffix}'] = 100 * sum(s['iou'] / d for s, d in parts) / max(len(parts), 1)
        metrics[f'SQ{suffix}'] = 100 * sum(s['iou'] / max(s['tp'], 1) for s, _ in parts) / max(len(parts), 1)
        metrics[f'RQ{suffix}'] = 100 * sum(s['tp'] / d for s, d in parts) / max(len(parts), 1)
    return metrics


def random_pairs(seed: int, images: int = 6) -> list[tuple]:
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(images):
        labels = rng.integers(0, VOID, 12).tolist()
        ids = random_ids(rng, len(labels))
        things = [k for k, label in enumerate(labels, 1) if label < len(THINGS)]
        crowds = rng.choice(things, min(2, len(things)), replace=False).tolist()
        pairs.append((ids, labels, crowds, *disturbed(rng, ids, labels)))
    return pairs


def samples_of(pairs: list[tuple]) -> list:
    return [
        with_panoptic(truth(ids, labels, crowds, img_id=i), guess, guessed)
        for i, (ids, labels, crowds, guess, guessed) in enumerate(pairs)
    ]


@pytest.mark.parametrize('seed', range(20))
def test_equals_the_definition_on_random_maps(seed):
    pairs = random_pairs(seed)
    expected = reference(pairs)
    assert evaluate(PanopticQuality(), samples_of(pairs)) == pytest.approx(expected, abs=1e-9)
    assert 5 < expected['PQ'] < 95, 'too easy or too hard to tell anything'


def test_number_of_an_instance_does_not_matter():
    (sample,) = samples_of(random_pairs(3, images=1))
    before = evaluate(PanopticQuality(), [sample])
    ids = sample.pred_panoptic_seg.sem_seg
    things = ids >= INSTANCE_OFFSET
    ids[things] = ids[things] % INSTANCE_OFFSET + INSTANCE_OFFSET * (500 - ids[things] // INSTANCE_OFFSET)
    assert evaluate(PanopticQuality(), [sample]) == before


# Official data


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason=f'the official COCO panoptic samples are not at {OFFICIAL}')
def test_official_samples_against_themselves(tmp_path):
    (tmp_path / 'annotations').mkdir()
    shutil.copytree(OFFICIAL / 'panoptic_examples', tmp_path / 'pan')
    pipeline = [dict(type=f'mmmaskattn.{name}') for name in ('LoadPanoptic', 'MakeInstances')]
    dataset = DATASETS.build(
        dict(
            type='mmmaskattn.CocoPanopticDataset',
            data_root='',
            ann_file=str(OFFICIAL / 'panoptic_examples.json'),
            data_prefix=dict(img=str(OFFICIAL / 'input_images'), seg=str(tmp_path / 'pan')),
            pipeline=[*pipeline, dict(type='mmmaskattn.PackSegments')],
        )
    )
    assert isinstance(dataset, CocoPanopticDataset)
    samples = [one['data_samples'] for one in dataset]
    for sample in samples:
        ids = sample.gt_sem_seg.sem_seg.to(torch.int64)
        ids[ids == 255] = len(dataset.metainfo['classes'])
        things = zip(sample.gt_instances.masks.masks.astype(bool), sample.gt_instances.labels.tolist())
        for k, (mask, label) in enumerate(things, 1):
            ids[0][torch.from_numpy(mask)] = label + k * INSTANCE_OFFSET
        sample.pred_panoptic_seg = PixelData(sem_seg=ids)
    metrics = evaluate(PanopticQuality(classwise=True), samples, dataset.metainfo)
    given = json.loads((OFFICIAL / 'panoptic_examples.json').read_text())['annotations']
    present = {s['category_id'] for a in given for s in a['segments_info'] if not s['iscrowd']}
    assert set(metrics.values()) == {100.0}
    assert sum(name.startswith('PQ(') for name in metrics) == len(present) > 5


# Wrong input


def test_sizes_that_differ_are_named():
    sample = with_panoptic(truth(rows(1, 1), [CAT]), rows(1, 1, 1), [CAT])
    with pytest.raises(ValueError, match=r'0\.png: the prediction is \(3, 4\).*the truth \(2, 4\).*--protocol'):
        evaluate(PanopticQuality(), [sample])


def test_missing_prediction_and_labels_out_of_range_are_named():
    with pytest.raises(ValueError, match=r'0\.png: its data sample has no pred_panoptic_seg'):
        evaluate(PanopticQuality(), [truth(rows(1, 1), [CAT])])
    sample = truth(rows(1, 1), [CAT])
    sample.pred_panoptic_seg = PixelData(sem_seg=torch.full((1, 2, 4), 77))
    with pytest.raises(ValueError, match=r'0\.png: pred_panoptic_seg has labels \[77\], expected 0 to 5'):
        evaluate(PanopticQuality(), [sample])


def test_data_set_that_does_not_split_its_classes_is_refused():
    with pytest.raises(ValueError, match=r'no thing_classes and stuff_classes'):
        evaluate(PanopticQuality(), [truth(rows(1, 1), [CAT])], dict(classes=META['classes']))
    with pytest.raises(ValueError, match=r'Expected the things first'):
        evaluate(PanopticQuality(), [truth(rows(1, 1), [CAT])], dict(META, classes=STUFF + THINGS))


def test_registered_and_built_by_name():
    assert isinstance(METRICS.build(dict(type='mmmaskattn.PanopticQuality', prefix='native')), PanopticQuality)
