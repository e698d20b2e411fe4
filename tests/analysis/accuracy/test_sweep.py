"""Learning rates tried: what the log says of the last validation, and which rate is taken."""

from __future__ import annotations

import json

from mmmaskattn.analysis.accuracy.sweep import best_rate, last_validation, rate_option, sweep_cell


def tried(**values):
    rates = dict(low=0.001, middle=0.002, high=0.004)
    return {rates[name]: dict(validation={'lowres/mIoU': value, 'lowres/aAcc': 0.0}) for name, value in values.items()}


def test_the_last_validation_is_read_from_the_newest_log(tmp_path):
    lines = [{'loss': 1.0, 'epoch': 1}, {'lowres/mIoU': 10.0, 'step': 1}, {'lowres/mIoU': 20.0, 'step': 2}]
    lines.append({'loss': 0.5, 'decode.loss_ce': 0.1, 'epoch': 3})
    log = tmp_path / 'now/vis_data/scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('\n'.join(map(json.dumps, lines)))
    assert last_validation(tmp_path) == {'lowres/mIoU': 20.0}
    assert last_validation(tmp_path / 'nowhere') == {}


def test_the_best_on_the_validation_images_is_taken_and_the_lower_of_equals():
    assert best_rate(tried(low=40.0, middle=42.0, high=41.0), 'mIoU') == 0.002
    assert best_rate(tried(high=42.0, low=42.0), 'mIoU') == 0.001
    assert best_rate(tried(low=float('nan'), high=3.0), 'mIoU') == 0.004


def test_the_cell_shows_all_rates_with_the_best_in_bold():
    assert sweep_cell(tried(high=41.25, low=40.0), 'mIoU') == '0.001 40.0, **0.004 41.2**'
    assert sweep_cell({}, 'mIoU') == ''


def test_the_option_is_the_setting_of_the_optimizer():
    assert rate_option(0.0005) == 'optim_wrapper.optimizer.lr=0.0005'
