"""The comparison with real trainings on a mini data set."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from warm_python import warm_python

from mmmaskattn.data_tools.mini import write_mini

ROOT = Path(__file__).parents[2]
TINY = ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py'


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('accuracy', ROOT / 'tools/analysis/accuracy.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_seed_is_trained_once_and_reported(tool, tmp_path, monkeypatch, capsys):
    write_mini('ade20k', tmp_path / 'ade', num_train=4, num_val=2, size=(64, 64), seed=0)
    monkeypatch.setenv('ADE20K_ROOT', str(tmp_path / 'ade'))
    monkeypatch.setattr(sys, 'executable', warm_python())
    work_dir = tmp_path / 'work'
    arguments = [str(TINY), '--epochs', '1', '--work-dir', str(work_dir)]
    tool.main([*arguments, '--seeds', '7'])
    captured = capsys.readouterr()
    results = json.loads((work_dir / 'results.json').read_text())
    (result,) = results.values()
    assert result['seed'] == 7
    assert 0 <= result['metrics']['lowres/mIoU'] <= 100
    assert '[1/1]' in captured.err
    row = [cell.strip() for cell in captured.out.splitlines()[-1].split('|')[1:-1]]
    assert row[0] == TINY.stem
    assert row[3:7] == ['7', '4', 'lowres', f'{result["metrics"]["lowres/mIoU"]:.1f}']
    assert (work_dir / 'results.md').read_text() == captured.out

    tool.main([*arguments, '--seeds', '7'])
    again = capsys.readouterr()
    assert '1 runs, 1 finished before' in again.err
    assert again.out == captured.out
    assert json.loads((work_dir / 'results.json').read_text()) == results


@pytest.mark.long
def test_the_rate_that_is_best_in_validation_is_used_for_the_other_seeds(tool, tmp_path, monkeypatch, capsys):
    write_mini('ade20k', tmp_path / 'ade', num_train=4, num_val=2, size=(64, 64), seed=0)
    monkeypatch.setenv('ADE20K_ROOT', str(tmp_path / 'ade'))
    arguments = [str(TINY), '--epochs', '1', '--work-dir', str(tmp_path / 'work'), '--rates', '1e-9', '2e-3']
    tool.main([*arguments, '--seeds', '3', '4'])
    results = json.loads((tmp_path / 'work/results.json').read_text()).values()
    sweep = {result['options'][0]: result['validation']['lowres/mIoU'] for result in results if result['seed'] == 3}
    assert len(sweep) == 2
    assert [result['options'][0] for result in results if result['seed'] == 4] == [max(sweep, key=sweep.get)]
    table = capsys.readouterr().out
    row = [cell.strip() for cell in table.splitlines()[-1].split('|')[1:-1]]
    assert row[3] == '3 4'
    assert '**' in row[8]

    path = tmp_path / 'work/results.json'
    older = json.loads(path.read_text())
    for one in older.values():
        del one['validation']
    path.write_text(json.dumps(older))
    tool.main([*arguments, '--seeds', '3', '4'])
    assert capsys.readouterr().out == table, 'the log has what older results do not'


@pytest.mark.long
def test_a_failed_run_is_told_and_the_comparison_ends_with_an_error(tool, tmp_path, monkeypatch, capsys):
    write_mini('ade20k', tmp_path / 'ade', num_train=2, num_val=1, size=(64, 64), seed=0)
    monkeypatch.setenv('ADE20K_ROOT', str(tmp_path / 'ade'))
    arguments = [str(TINY), '--epochs', '1', '--work-dir', str(tmp_path / 'work')]
    arguments += ['--cfg-options', 'optim_wrapper.optimizer.lr=-1']
    with pytest.raises(SystemExit, match=r'train\.py ended with 1(.|\n)*Invalid learning rate'):
        tool.main(arguments)
    captured = capsys.readouterr()
    assert 'failed' in captured.err
    assert captured.out.splitlines()[-1].split('|')[7].strip() == '-'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['a/x.py', 'b/x.py', '--epochs', '1'], 'same file name'),
        (['x.py', '--epochs', '0'], 'above 0'),
    ],
)
def test_bad_options_are_refused(tool, arguments, message, capsys):
    with pytest.raises(SystemExit):
        tool.main(arguments)
    assert message in capsys.readouterr().err


def test_a_missing_config_is_refused(tool, tmp_path):
    with pytest.raises(SystemExit, match=r'there is no config .*nowhere\.py'):
        tool.main([str(tmp_path / 'nowhere.py'), '--epochs', '1'])
