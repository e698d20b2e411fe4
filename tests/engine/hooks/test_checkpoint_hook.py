"""Checkpoints are whole at every moment, and what is deleted is deleted last."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from tiny_training import DrawnPoints, TinyRegression

from mmmaskattn.engine.checkpoint import is_whole
from mmmaskattn.engine.hooks.checkpoint_hook import WholeCheckpointHook
from mmmaskattn.engine.non_finite import NonFiniteError
from mmmaskattn.engine.resume import ResumeError, newest_whole_checkpoint
from mmmaskattn.utils import files


def make_runner(work_dir, hook, epochs=4):
    def loader(shuffle):
        return dict(batch_size=4, dataset=DrawnPoints(), sampler=dict(type='DefaultSampler', shuffle=shuffle))

    return Runner(
        model=TinyRegression(),
        work_dir=str(work_dir),
        train_dataloader=loader(True),
        val_dataloader=loader(False),
        val_evaluator=dict(type='TinyMetric', prefix='lowres'),
        val_cfg=dict(),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.05)),
        default_hooks=dict(checkpoint=hook),
        randomness=dict(seed=0),
        experiment_name=str(work_dir),
        log_level='ERROR',
    )


@pytest.mark.parametrize('options', [dict(max_keep_ckpts=1), dict(max_keep_ckpts=2, save_best='lowres/mIoU')])
def test_at_every_change_of_the_folder_something_whole_is_named(tmp_path, monkeypatch, options):
    """Looked at before and after each rename and deletion, which are the only ways in which files change."""
    seen = []

    def look():
        named = tmp_path / 'last_checkpoint'
        if named.exists():
            seen.append(is_whole(Path(named.read_text())))

    def watched(function):
        def call(*args, **kwargs):
            look()
            result = function(*args, **kwargs)
            look()
            return result

        return call

    monkeypatch.setattr(files.os, 'replace', watched(files.os.replace))
    monkeypatch.setattr(Path, 'unlink', watched(Path.unlink))
    runner = make_runner(tmp_path, dict(type='mmmaskattn.WholeCheckpointHook', interval=1, **options))
    runner.train()
    assert all(seen)
    assert len(seen) > 20
    kept = sorted(path.name for path in tmp_path.glob('epoch_*.pth'))
    assert kept == [f'epoch_{epoch}.pth' for epoch in range(5 - options['max_keep_ckpts'], 5)]
    best = list(tmp_path.glob('best_*.pth'))
    assert [str(path) for path in best] == ([runner.message_hub.get_info('best_ckpt')] if best else [])
    assert len(best) == ('save_best' in options)


def test_mmengines_own_hook_fails_that(tmp_path):
    """The premise: it deletes first."""
    deleted = []

    class Watching(CheckpointHook):
        def _save_checkpoint_with_step(self, runner, step, meta):
            runner.save_checkpoint = lambda *args, **kwargs: deleted.append(not list(tmp_path.glob('epoch_*.pth')))
            super()._save_checkpoint_with_step(runner, step, meta)

    runner = make_runner(tmp_path, None, epochs=2)
    runner.register_hook(Watching(interval=1, max_keep_ckpts=1))
    runner.train()
    assert deleted[-1]


@pytest.mark.parametrize(('name', 'found'), [('mIoU', True), ('lowres/mIoU', True), ('auto', True), ('mAcc', False)])
def test_save_best_with_and_without_prefix(tmp_path, name, found):
    hook = dict(type='mmmaskattn.WholeCheckpointHook', interval=1, save_best=name)
    runner = make_runner(tmp_path, hook, epochs=1)
    if found:
        runner.train()
        assert len(list(tmp_path.glob('best_*mIoU_epoch_1.pth'))) == 1
    else:
        with pytest.raises(ValueError, match=r"save_best='mAcc' is not among .* lowres/mIoU, lowres/aAcc"):
            runner.train()


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_that_are_not_finite_are_never_saved(tmp_path, value):
    runner = make_runner(tmp_path, dict(type='mmmaskattn.WholeCheckpointHook', interval=1, save_best='auto'))

    class Spoil(WholeCheckpointHook):
        priority = 'HIGH'

        def after_train_epoch(self, runner):
            if runner.epoch == 1:
                runner.model.linear.weight.data[0, 1] = value

    runner.register_hook(Spoil())
    with pytest.raises(NonFiniteError, match=r'linear\.weight'):
        runner.train()
    saved = sorted(tmp_path.glob('*.pth'))
    assert [path.name for path in saved] == ['best_lowres_mIoU_epoch_1.pth', 'epoch_1.pth']
    for path in saved:
        assert torch.load(path, weights_only=False)['state_dict']['linear.weight'].isfinite().all()


@pytest.fixture
def saved(tmp_path):
    """A folder with three whole checkpoints."""
    make_runner(tmp_path, dict(type='mmmaskattn.WholeCheckpointHook', interval=1, save_best='auto'), epochs=3).train()
    return tmp_path


def damage(path, how):
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(dict(cut=content[:middle], empty=b'', flipped=content[:500] + b'\xff' * 64 + content[564:])[how])


@pytest.mark.parametrize('how', ['cut', 'empty', 'flipped', 'absent'])
def test_a_bare_resume_falls_back_to_the_newest_whole_one(saved, how):
    last = saved / 'epoch_3.pth'
    assert newest_whole_checkpoint(saved) == (last, '')
    if how == 'absent':
        last.unlink()
    else:
        damage(last, how)
    found, note = newest_whole_checkpoint(saved)
    assert found == saved / 'epoch_2.pth', 'the best one, newer, has weights only'
    assert f'names {last}, which is not whole' in note
    assert str(found) in note


def test_with_nothing_whole_it_is_refused_and_with_nothing_begun(saved, tmp_path):
    (saved / 'last_checkpoint').write_text('')
    assert newest_whole_checkpoint(saved)[0] == saved / 'epoch_3.pth'
    for path in saved.glob('epoch_*.pth'):
        damage(path, 'cut')
    with pytest.raises(ResumeError, match='none of the 3 checkpoints'):
        newest_whole_checkpoint(saved)
    assert newest_whole_checkpoint(tmp_path / 'new')[0] is None


def test_what_a_killed_training_left_is_deleted(tmp_path):
    leftover = tmp_path / '.epoch_7.pth.123.partial'
    leftover.write_bytes(b'half')
    make_runner(tmp_path, dict(type='mmmaskattn.WholeCheckpointHook', interval=1), epochs=1).train()
    assert not leftover.exists()
    assert json.dumps(sorted(path.name for path in tmp_path.glob('*.pth'))) == '["epoch_1.pth"]'
