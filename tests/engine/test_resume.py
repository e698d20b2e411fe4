"""A training that is stopped and resumed ends with the very weights of the uninterrupted one."""

import pytest
import torch
from small_job import run_tool, write_job


def weights(path):
    return torch.load(path, weights_only=False)['state_dict']


def train(config, work_dir, workers, *options, epochs=4):
    settings = (f'train_cfg.max_epochs={epochs}', f'train_dataloader.num_workers={workers}')
    run_tool('train.py', config, '--work-dir', work_dir, *options, '--cfg-options', *settings, cwd=config.parent)


def differing(first, second):
    assert first.keys() == second.keys()
    return [name for name in first if not torch.equal(first[name], second[name])]


@pytest.mark.slow
def test_resumed_weights_are_equal_to_the_bit(tmp_path):
    """Without a seed: the resumed run must take the seed from the checkpoint, for augmentation, order and dropout."""
    config = write_job(tmp_path, dropout=0.5)
    train(config, tmp_path / 'whole', 0, epochs=2)
    # The resumed run reads no weights to begin from, so it does not miss a package that is not there.
    absent = {'type': 'Pretrained', 'checkpoint': 'package://no_such_weights'}
    config.write_text(f'{config.read_text()}model["backbone"]["init_cfg"] = {absent}\n')
    train(config, tmp_path / 'resumed', 0, '--resume', tmp_path / 'whole/epoch_1.pth', epochs=2)
    assert not (tmp_path / 'resumed/epoch_1.pth').exists(), 'the resumed run began from the start'
    end = weights(tmp_path / 'whole/epoch_2.pth')
    assert differing(end, weights(tmp_path / 'resumed/epoch_2.pth')) == []
    assert differing(end, weights(tmp_path / 'whole/epoch_1.pth')), 'the weights must move, or equality says nothing'


@pytest.mark.long
def test_bare_resume_goes_on_from_the_latest_also_with_workers(tmp_path):
    config = write_job(tmp_path)
    train(config, tmp_path / 'work', 2)
    (tmp_path / 'work/epoch_4.pth').rename(tmp_path / 'whole.pth')
    (tmp_path / 'work/last_checkpoint').write_text(str(tmp_path / 'work/epoch_2.pth'))
    train(config, tmp_path / 'work', 2, '--resume')
    assert differing(weights(tmp_path / 'whole.pth'), weights(tmp_path / 'work/epoch_4.pth')) == []
