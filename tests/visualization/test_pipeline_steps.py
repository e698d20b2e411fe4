"""Steps show what each transform did, and agree with what training gets."""

from pathlib import Path

import numpy as np
import pytest
from mmcv.transforms import BaseTransform, to_tensor
from mmengine.config import Config
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from mmengine.registry import DATASETS, init_default_scope

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.visualization.sheet import locate, run_steps

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
