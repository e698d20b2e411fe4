"""The sheet and its panels; the steps that it shows are what each transform did, and what training gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmcv.transforms import BaseTransform, to_tensor
from mmengine.config import Config
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from mmengine.registry import DATASETS, init_default_scope

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.sheet import Headings, SheetLayout, Step, draw_sheet, locate, run_steps
from mmmaskattn.visualization.truth import Truth

TABLE = ClassTable.from_metainfo(dict(classes=('a', 'b'), palette=[(250, 0, 0), (0, 0, 250)]))
LAYOUT = SheetLayout(panel=128, columns=5)


def image_of(colour, size=(64, 64)):
    return np.full((*size, 3), colour, np.uint8)


def truth_of(label, size=(64, 64)):
    return Truth(np.full(size, label), np.zeros(size, int))


def sheet_of(steps, original=(10, 20, 30)):
    picture = None if original is None else image_of(original)
    return draw_sheet(picture, steps, TABLE, Headings('title.png', 'words'), LAYOUT)


def area(sheet, colour):
    return int((sheet == colour).all(axis=2).sum())


def test_every_step_has_its_panel_enlarged_by_whole_factors():
    colours = [(200, 1, 1), (2, 200, 2), (3, 3, 200)]
    steps = [Step(f'Step{i}', image_of(colour), None) for i, colour in enumerate(colours)]
    sheet = sheet_of(steps)
    assert sheet.shape[1] == LAYOUT.width
    assert area(sheet, colours[0]) == 128 * 128
    assert area(sheet, colours[2]) == 128 * 128 + 256 * 256, 'also as what the network is fed'
    assert area(sheet, (10, 20, 30)) == 256 * 256, 'the original'
    lefts = [np.flatnonzero((sheet[400:] == c).all(axis=2).any(axis=0)).min() for c in colours]
    assert lefts[1] - lefts[0] == lefts[2] - lefts[1] > 128


def test_steps_are_spread_evenly_over_rows():
    one_row = sheet_of([Step(f'S{i}', image_of((1, 2, i)), None) for i in range(5)])
    two_rows = sheet_of([Step(f'S{i}', image_of((1, 2, i)), None) for i in range(6)])
    assert two_rows.shape[0] > one_row.shape[0]
    third, fourth = ((two_rows[400:] == (1, 2, i)).all(axis=2) for i in (2, 3))
    assert np.flatnonzero(third.any(axis=1)).max() < np.flatnonzero(fourth.any(axis=1)).min()


def test_original_carries_the_first_truth_and_the_network_the_last():
    steps = [Step('Load', image_of(0), truth_of(0)), Step('Pack', image_of(0, (32, 32)), truth_of(1, (32, 32)))]
    top = sheet_of(steps, original=(0, 0, 0))[:400]
    left, right = top[:, : LAYOUT.width // 2], top[:, 300:]
    assert area(left, (150, 0, 0)) == 256 * 256
    assert area(right, (0, 0, 150)) == 256 * 256


def test_a_problem_is_written_in_red_and_a_missing_original_is_no_error():
    steps = [Step('Load', None, None, problem='ValueError: labels [200] on 3 pixels')]
    sheet = sheet_of(steps, original=None).astype(int)
    red = (sheet[..., 0] > 150) & (sheet[..., 1] < 80) & (sheet[..., 2] < 80)
    assert red.sum() > 100
    assert not ((sheet_of([Step('Load', None, None)], original=None) == (190, 20, 20)).all(axis=2)).any()


@pytest.mark.parametrize(('options', 'name'), [(dict(panel=20), 'panel'), (dict(columns=2), 'columns')])
def test_sizes_that_leave_no_room_are_refused(options, name):
    with pytest.raises(ValueError, match=f'{name}: found'):
        SheetLayout(**options)


ROOT = Path(__file__).parents[2]


class Failing(BaseTransform):
    def transform(self, results):
        raise ZeroDivisionError('of purpose')


class Dropping(BaseTransform):
    def transform(self, results):
        return None


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    root = write_mini('ade20k', tmp_path_factory.mktemp('data') / 'ade', num_train=3, num_val=1, size=(150, 200))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('ADE20K_ROOT', str(root))
        cfg = Config.fromfile(ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py')
    init_default_scope('mmseg')
    return DATASETS.build(cfg.train_dataloader.dataset)


def test_the_last_step_is_what_training_gets(dataset):
    np.random.seed(3)
    steps = list(run_steps(dataset, 1))
    np.random.seed(3)
    sample = dataset[1]
    assert [step.name for step in steps] == [type(t).__name__ for t in dataset.pipeline.transforms]
    last = steps[-1]
    assert np.array_equal(last.image[..., ::-1], sample['inputs'].permute(1, 2, 0).numpy())
    packed = sample['data_samples'].gt_sem_seg.data[0].numpy().astype(int)
    assert np.array_equal(last.truth.labels, np.where(packed == 255, -1, packed))


def test_truth_comes_with_its_loader_and_checks_change_nothing(dataset):
    steps = {step.name: step for step in run_steps(dataset, 0)}
    assert steps['LoadLowResImage'].truth is None
    assert steps['LoadSegMap'].truth.shape == steps['LoadSegMap'].image.shape[:2]
    assert not steps['LoadSegMap'].unchanged
    assert steps['CheckSegMap'].unchanged
    assert not steps['LowResScaleJitter'].unchanged
    assert steps['PackSegInputs'].unchanged


def test_wrappers_lead_to_the_same_samples(dataset):
    dataset.full_init()
    assert locate(dataset, 2) == (dataset, 2)
    assert locate(RepeatDataset(dataset, 3), 7) == (dataset, 1)
    assert locate(RepeatDataset(dict(type='ConcatDataset', datasets=[dataset, dataset]), 2), 10) == (dataset, 1)
    dataset.get_cat_ids = lambda index: [0]
    assert locate(ClassBalancedDataset(dataset, 1e-3), 2) == (dataset, 2)


def test_an_unknown_wrapper_is_refused_by_name():
    with pytest.raises(TypeError, match='list: only data sets of the BaseDataset family'):
        locate([1, 2], 0)


@pytest.mark.parametrize(('culprit', 'words'), [(Failing(), 'ZeroDivisionError: of purpose'), (Dropping(), 'dropped')])
def test_a_step_that_fails_or_drops_ends_the_steps_and_says_why(dataset, culprit, words):
    whole = dataset.pipeline.transforms
    dataset.pipeline.transforms = [*whole[:2], culprit, *whole[2:]]
    try:
        steps = list(run_steps(dataset, 0))
    finally:
        dataset.pipeline.transforms = whole
    assert [step.name for step in steps] == ['LoadLowResImage', 'LoadSegMap', type(culprit).__name__]
    assert words in steps[-1].problem
    assert not any(step.problem for step in steps[:-1])


def test_of_augmented_views_the_first_is_shown(dataset):
    class TwoViews(BaseTransform):
        def transform(self, results):
            results = whole[-1](results)
            other = to_tensor(np.zeros((3, 8, 8), np.uint8))
            return {key: [value, other] for key, value in results.items()}

    whole = dataset.pipeline.transforms
    dataset.pipeline.transforms = [*whole[:-1], TwoViews()]
    try:
        last = list(run_steps(dataset, 0))[-1]
    finally:
        dataset.pipeline.transforms = whole
    assert last.image.shape == (128, 128, 3)
    assert last.problem == ''
