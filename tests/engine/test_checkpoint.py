import os
import pickle
import shutil

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

import mmmaskattn
from mmmaskattn.engine import checkpoint as checkpoint_module
from mmmaskattn.engine.checkpoint import allow_mmengine_checkpoints, load_from_local, restricted_getattr

checks_by_default = pytest.mark.skipif(
    not hasattr(torch.serialization, 'get_unsafe_globals_in_checkpoint'), reason='torch < 2.6: weights_only is off'
)
ARRAY = np.arange(6, dtype=np.uint8).reshape(2, 3)


class Regression(BaseModel):
    """Three weights to be fitted: the least that a Runner trains."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x, y, mode='tensor'):
        error = self.linear(x).squeeze(-1) - y
        return {'loss': error.square().mean()} if mode == 'loss' else error


class Points(torch.utils.data.Dataset):
    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.x = torch.randn(12, 3, generator=generator)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return {'x': self.x[index], 'y': self.x[index].sum()}


def make_runner(work_dir, max_epochs, name, **kwargs):
    torch.manual_seed(0)  # the model is built before the Runner seeds
    return Runner(
        model=Regression(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=4,
            dataset=Points(),
            sampler=dict(type='DefaultSampler', shuffle=True),
            collate_fn=dict(type='default_collate'),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.05)),
        param_scheduler=dict(type='PolyLR', begin=0, end=4, by_epoch=True),
        randomness=dict(seed=0),
        experiment_name=name,
        log_level='ERROR',
        **kwargs,
    )


@pytest.fixture
def trained(tmp_path):
    """A work directory with the checkpoints of two epochs, and its runner."""
    runner = make_runner(tmp_path / 'first', 2, f'{tmp_path.name}-first')
    runner.train()
    return tmp_path / 'first' / 'epoch_2.pth', runner


def test_checkpoint_holds_what_torch_alone_refuses(trained):
    """The premise of the module: without the allow-list, mmengine's checkpoint is refused."""
    path, _ = trained
    allowed = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        with pytest.raises(pickle.UnpicklingError):
            torch.load(path, weights_only=True)
    finally:
        torch.serialization.add_safe_globals(allowed)
    assert torch.load(path, weights_only=True)['meta']['epoch'] == 2


def test_resume_restores_everything(trained, tmp_path):
    path, first = trained
    second = make_runner(tmp_path / 'second', 4, f'{tmp_path.name}-second', load_from=str(path), resume=True)
    second.train_loop  # noqa: B018  builds the loop, as Runner.train does
    second.optim_wrapper = second.build_optim_wrapper(second.optim_wrapper)
    second.param_schedulers = second.build_param_scheduler(second.param_schedulers)
    second.load_or_resume()

    assert (second.epoch, second.iter) == (2, 6)
    assert second.optim_wrapper.get_lr() == first.optim_wrapper.get_lr()
    for mine, other in zip(second.optim_wrapper.optimizer.state.values(), first.optim_wrapper.optimizer.state.values()):
        assert torch.equal(mine['exp_avg_sq'], other['exp_avg_sq'])
        assert mine['step'] == other['step'] == 6
    assert [s.last_step for s in second.param_schedulers] == [s.last_step for s in first.param_schedulers] == [2]

    losses, saved = (runner.message_hub.get_scalar('train/loss').data[0] for runner in (second, first))
    np.testing.assert_array_equal(losses, saved)
    assert len(losses) == 6
    assert second.message_hub.get_scalar('train/loss').mean() == pytest.approx(losses.mean())


def test_resumed_run_equals_uninterrupted_run(trained, tmp_path):
    path, _ = trained
    whole = make_runner(tmp_path / 'whole', 4, f'{tmp_path.name}-whole')
    whole.train()
    resumed = make_runner(tmp_path / 'resumed', 4, f'{tmp_path.name}-resumed', load_from=str(path), resume=True)
    resumed.train()
    at_two = torch.load(path, weights_only=True)['state_dict']
    for key, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[key], value)
        assert not torch.equal(at_two[key], value)


@pytest.mark.parametrize(
    'value',
    [np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True), ARRAY],
    ids=lambda v: v.dtype.name,
)
def test_numpy_values_in_message_hub_survive(value, tmp_path):
    """mmengine keeps `best_score` and dataset meta as NumPy values."""
    torch.save({'best': value}, tmp_path / 'a.pth')
    loaded = load_from_local(str(tmp_path / 'a.pth'))['best']
    assert type(loaded) is type(value)
    np.testing.assert_array_equal(loaded, value)


def test_message_hub_with_string_and_scalar(tmp_path):
    hub = MessageHub(tmp_path.name)
    hub.update_info('best_ckpt', 'epoch_2.pth')
    hub.update_scalar('loss', 0.25, count=2)
    torch.save(hub.state_dict(), tmp_path / 'hub.pth')
    other = MessageHub(tmp_path.name + '-copy')
    other.load_state_dict(load_from_local(str(tmp_path / 'hub.pth')))
    assert other.get_info('best_ckpt') == 'epoch_2.pth'
    assert other.get_scalar('loss').statistics('mean') == 0.125  # sum over count


class Foreign:
    """A class that no checkpoint of ours holds."""


class Malicious:
    """An object that runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Reach:
    """An object that asks `getattr` for something else than a statistic."""

    def __init__(self, owner, name):
        self.arguments = (owner, name)

    def __reduce__(self):
        return getattr, self.arguments


@checks_by_default
def test_foreign_class_is_refused_by_name(tmp_path):
    path = tmp_path / 'foreign.pth'
    torch.save({'state_dict': {}, 'extra': Foreign()}, path)
    with pytest.raises(pickle.UnpicklingError, match=r'foreign\.pth holds \S*Foreign.*save the weights alone'):
        CheckpointLoader.load_checkpoint(str(path))


@checks_by_default
def test_command_is_refused_and_not_run(tmp_path):
    path, trace = tmp_path / 'malicious.pth', tmp_path / 'ran'
    torch.save({'state_dict': {}, 'extra': Malicious(f'touch {trace}')}, path)
    with pytest.raises(pickle.UnpicklingError, match=rf'malicious\.pth holds {os.system.__module__}\.system'):
        CheckpointLoader.load_checkpoint(str(path))
    assert not trace.exists()


@checks_by_default
@pytest.mark.parametrize(
    ('owner', 'name'), [(HistoryBuffer, '__init__'), (HistoryBuffer, 'register_statistics'), (np.ndarray, 'tofile')]
)
def test_getattr_in_a_file_reaches_nothing_else(owner, name, tmp_path):
    path = tmp_path / 'reach.pth'
    torch.save({'x': Reach(owner, name)}, path)
    with pytest.raises(
        pickle.UnpicklingError, match=rf'reach\.pth holds builtins\.getattr.*asks .*{owner.__name__}.* for .{name}.'
    ):
        CheckpointLoader.load_checkpoint(str(path))


@pytest.mark.parametrize('name', ['min', 'max', 'current', 'mean'])
def test_restricted_getattr_answers_for_the_statistics(name):
    assert restricted_getattr(HistoryBuffer, name) is getattr(HistoryBuffer, name)


@pytest.mark.parametrize(
    ('owner', 'name'), [(os, 'system'), (HistoryBuffer, '__globals__'), (HistoryBuffer(), 'mean'), (object, 'mean')]
)
def test_restricted_getattr_refuses_all_else(owner, name):
    with pytest.raises(pickle.UnpicklingError, match=name):
        restricted_getattr(owner, name)


def test_source_in_a_checkpoint_is_not_run_on_resume(trained, tmp_path):
    """mmengine parses ``meta['config']`` as Python, which runs what it imports and calls."""
    path, _ = trained
    checkpoint, trace = torch.load(path, weights_only=True), tmp_path / 'ran'
    checkpoint['meta']['config'] = f'import pathlib\npathlib.Path({str(trace)!r}).touch()\n'
    torch.save(checkpoint, tmp_path / 'source.pth')
    resumed = make_runner(
        tmp_path / 'again', 3, f'{tmp_path.name}-again', load_from=str(tmp_path / 'source.pth'), resume=True
    )
    resumed.train()
    assert resumed.epoch == 3
    assert not trace.exists()


@pytest.mark.parametrize('entry', ['torch', 'before torch 2.6'])
def test_no_loader_leaves_it_to_torchs_default(trained, tmp_path, monkeypatch, entry):
    """Both ways of reading, from a file and from an address, take what mmengine writes and refuse what runs code."""
    monkeypatch.setattr(checkpoint_module, 'has_allow_list', lambda: entry == 'torch')
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')  # what torch before 2.6 does unasked
    monkeypatch.setattr(torch.hub, 'download_url_to_file', lambda url, path: shutil.copy(url[len('http:/') :], path))
    path, trace = tmp_path / 'malicious.pth', tmp_path / 'ran'
    torch.save({'state_dict': {}, 'extra': Malicious(f'touch {trace}')}, path)
    for prefix in ('', 'http:/'):
        monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
        read = CheckpointLoader.load_checkpoint(f'{prefix}{trained[0]}')
        assert read['meta']['epoch'] == 2
        assert read['state_dict']['linear.weight'].shape == (1, 3)
        assert read['message_hub']['log_scalars']['train/loss'].data[0].shape == (6,)
        with pytest.raises(pickle.UnpicklingError, match=r'malicious\.pth holds'):
            CheckpointLoader.load_checkpoint(f'{prefix}{path}')
    assert not trace.exists()


@checks_by_default
def test_weights_only_stays_on(tmp_path):
    """`torch.load` is torch's own, and still refuses by default; calling the function again changes nothing."""
    before = set(torch.serialization.get_safe_globals())
    allow_mmengine_checkpoints()
    assert set(torch.serialization.get_safe_globals()) == before
    assert torch.load.__module__ == 'torch.serialization'
    assert not any(entry is getattr or entry == (getattr, 'builtins.getattr') for entry in before)
    torch.save(Foreign(), tmp_path / 'foreign.pth')
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / 'foreign.pth')


def test_missing_file_is_named(tmp_path):
    assert mmmaskattn.__version__  # the import alone registers the loader
    with pytest.raises(FileNotFoundError, match=r'absent\.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'absent.pth'))


@pytest.mark.parametrize('keep', [0, 300])
def test_file_cut_short_is_named(keep, tmp_path):
    path = tmp_path / 'cut.pth'
    torch.save({'weight': torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises((RuntimeError, pickle.UnpicklingError), match=r'cut\.pth is cut short or damaged'):
        CheckpointLoader.load_checkpoint(str(path))


class TestPackagesOfWeights:
    """``package://NAME`` is the one file of weights in an installed package."""

    @pytest.fixture
    def package(self, tmp_path, monkeypatch):
        folder = tmp_path / 'small_weights'
        (folder / 'models').mkdir(parents=True)
        (folder / '__init__.py').write_text('raise RuntimeError("packages of weights are not imported")')
        torch.save({'linear.bias': torch.ones(1)}, folder / 'models/small.pth')
        monkeypatch.syspath_prepend(tmp_path)
        return folder

    def test_the_file_is_read_without_an_import(self, package):
        assert CheckpointLoader.load_checkpoint('package://small_weights').keys() == {'linear.bias'}

    def test_two_files_are_refused(self, package):
        torch.save({}, package / 'other.pth')
        with pytest.raises(FileNotFoundError, match=r'package://small_weights: the package holds 2 files \*\.pth'):
            CheckpointLoader.load_checkpoint('package://small_weights')

    def test_what_could_run_code_is_refused(self, package):
        torch.save({'hook': os.system}, package / 'models/small.pth')
        with pytest.raises(pickle.UnpicklingError, match=r'small\.pth holds posix\.system'):
            CheckpointLoader.load_checkpoint('package://small_weights')
