"""The compare command on real configs."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path

import cv2
import pytest

from mmmaskattn.analysis import build_model, count_complexity, read_config
from mmmaskattn.analysis.comparison.measure import instances_found
from mmmaskattn.analysis.models import build_seeded_model
from mmmaskattn.utils.configs import config_name

ROOT = Path(__file__).parents[2]
TINY = ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py'
PEER = ROOT / 'configs/peers/bisenetv2/ade20k_semantic_128.py'
PANOPTIC = ROOT / 'configs/maskattn/cityscapes_panoptic_128_tiny.py'
QUICK = [
    '--shape',
    '32',
    '--batches',
    '1',
    '2',
    '--train-batch',
    '2',
    '--rounds',
    '3',
    '--slow-rounds',
    '2',
    '--warmup',
    '0',
]


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('compare', ROOT / 'tools/analysis/compare.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def out(tool, tmp_path_factory):
    folder = tmp_path_factory.mktemp('compare')
    results = {
        f'{config_name(path)}/{seed}': dict(
            config=str(path), seed=seed, epochs=45, protocol='lowres', metrics={'lowres/mIoU': 40.0 + seed}
        )
        for path in (TINY, PEER)
        for seed in (0, 2)
    }
    (folder / 'results.json').write_text(json.dumps(results))
    options = ['--out', str(folder / 'out'), '--skip', 'memory', 'onnx', '--accuracy', str(folder / 'results.json')]
    tool.main([str(TINY), str(PEER), str(PANOPTIC), *QUICK, *options])
    return folder / 'out'


def test_table_tells_the_conditions_and_the_figures(out):
    text = (out / 'comparison.md').read_text()
    for part in ('3 x 32 x 32', '1 CPU thread', '3 at batch 1, 2 otherwise', 'lowres, 45 epochs', 'torch 2'):
        assert part in text
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in text.splitlines() if line.startswith('| ')]
    table = {row[0]: dict(zip(rows[0], row)) for row in rows[1:]}
    assert list(table) == [TINY.stem, config_name(PEER), PANOPTIC.stem]
    assert [row['mIoU'] for row in table.values()] == ['41.0 ± 1.4', '41.0 ± 1.4', '-']
    assert float(table[config_name(PEER)]['not read M']) > 10  # its auxiliary heads
    assert float(table[TINY.stem]['not read M']) < 0.05, 'the auxiliary heads'
    assert not any('MiB' in title or 'ONNX' in title for title in rows[0])
    assert [row['ratio, batch 1'] for row in table.values()].index('1.00') == 0


def test_csv_has_what_the_counter_and_the_clock_gave(out):
    rows = list(csv.DictReader((out / 'comparison.csv').open()))
    cost = count_complexity(build_model(read_config(TINY)), (32, 32))
    assert float(rows[0]['macs']) == cost.macs / 1e9
    assert float(rows[0]['params']) == cost.params / 1e6
    for row in rows:
        assert 0 < float(row['median_ms_1']) <= float(row['p95_ms_1'])
        assert float(row['median_ms_2']) > 0
        assert float(row['train_ms_2']) > 0
    assert rows[2]['mIoU'] == ''


def test_plot_is_a_picture(out):
    picture = cv2.imread(str(out / 'comparison.png'))
    assert min(picture.shape[:2]) > 300
    assert len(set(map(tuple, picture.reshape(-1, 3).tolist()))) > 50


def test_nothing_is_overwritten_and_nothing_is_measured_before_that_is_known(tool, out, monkeypatch):
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr(tool.Comparison, 'run', lambda self: pytest.fail('it measured'))
    with pytest.raises(SystemExit, match=r'comparison\.md, comparison\.csv, comparison\.png already there'):
        tool.main([str(TINY), '--out', str(out)])
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.long
def test_memory_forward_with_post_processing_and_latency_axis(tool, tmp_path):
    options = ['--shape', '64', '48', '--batches', '1', '--rounds', '1', '--warmup', '0', '--skip', 'train', 'onnx']
    tool.main([str(PANOPTIC), *options, '--forward', 'predict', '--x-axis', 'latency', '--out', str(tmp_path)])
    (row,) = csv.DictReader((tmp_path / 'comparison.csv').open())
    assert row['forward'] == 'predict'
    assert int(row['instances_found']) == instances_found(build_seeded_model(read_config(PANOPTIC)), (64, 48))
    assert 'Instances found: in the image counted' in (tmp_path / 'comparison.md').read_text()
    assert float(row['peak_mib_1']) > 1
    assert 'train_ms_8' not in row


def test_the_bare_network_of_a_detector_finds_nothing_to_count(tool, tmp_path):
    options = ['--shape', '64', '--batches', '1', '--rounds', '1', '--warmup', '0']
    options += ['--skip', 'train', 'memory', 'onnx']
    tool.main([str(PANOPTIC), *options, '--forward', 'tensor', '--out', str(tmp_path)])
    (row,) = csv.DictReader((tmp_path / 'comparison.csv').open())
    assert row['forward'] == 'tensor'
    assert 'instances_found' not in row
    assert float(row['params_not_read']) > 0  # the class of an instance is post-processing


def test_onnx_runtime_stands_beside_eager_with_what_it_left_out(tool, tmp_path):
    without = ROOT / 'configs/peers/mask2former_r50/ade20k_semantic_128.py'
    options = ['--shape', '32', '--batches', '1', '2', '--rounds', '2', '--slow-rounds', '1', '--warmup', '0']
    options += ['--skip', 'train', 'memory', '--x-axis', 'onnx', '--out', str(tmp_path)]
    tool.main([str(without), str(TINY), *options])
    first, second = csv.DictReader((tmp_path / 'comparison.csv').open())
    for batch in (1, 2):
        assert first[f'onnx_ms_{batch}'] == first[f'onnx_ratio_{batch}'] == ''
        assert float(second[f'onnx_ms_{batch}']) > 0
        assert float(first[f'ratio_{batch}']) == 1
        assert float(second[f'onnx_ratio_{batch}']) == 1, 'the first that is in ONNX Runtime'
    text = (tmp_path / 'comparison.md').read_text()
    assert f'- {config_name(without)} is not in ONNX Runtime: timed with its post-processing (predict)' in text
    assert 'batch norm folded' in text
    assert (tmp_path / 'comparison.png').stat().st_size > 0


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nowhere.py'], 'there is no config nowhere.py'),
        ([str(TINY), str(TINY)], 'one is given twice'),
        ([str(TINY), '--accuracy', 'nowhere.json'], r'nowhere\.json: no such file'),
    ],
)
def test_bad_input_is_refused(tool, tmp_path, arguments, message):
    with pytest.raises(SystemExit, match=message):
        tool.main([*arguments, '--out', str(tmp_path / 'out')])
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    'options',
    [['--rounds', '0'], ['--shape', '1', '2', '3'], ['--batches', '1', '-2'], ['--x-axis', 'onnx', '--skip', 'onnx']],
)
def test_bad_numbers_are_refused(tool, tmp_path, options, capsys):
    with pytest.raises(SystemExit):
        tool.main([str(TINY), '--out', str(tmp_path), *options])
    assert options[0] in capsys.readouterr().err
