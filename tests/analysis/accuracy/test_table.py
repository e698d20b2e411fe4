"""The rows of the comparison's table."""

from __future__ import annotations

from mmmaskattn.analysis.accuracy.table import Subject, accuracy_table


def result(seed, value, seconds=60.4):
    return dict(seed=seed, seconds=seconds, metrics={'lowres/mIoU': value, 'lowres/aAcc': 90.0})


def test_mean_and_sample_deviation_over_seeds():
    results = {
        Subject('ours', 1_900_000, 417_000_000, 367): [result(0, 44.0), result(1, 46.0), result(2, 48.0, 61.6)],
        Subject('peer', 3_750_000, 463_000_000, 367): [result(0, 40.0)],
        Subject('late', 3_750_000, 463_000_000, 367): [],
    }
    table = accuracy_table(results, epochs=45, protocol='lowres')
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in table.splitlines()]
    ours = ['ours', '1.900 M', '0.417 G', '0 1 2', '16515', 'lowres', '44.0 46.0 48.0', '46.0 ± 2.0', '60 60 62']
    assert rows[2] == ours
    assert rows[3][6:8] == ['40.0', '40.0']
    assert rows[4][6:] == ['-', '-', '-']
    assert rows[0][6] == 'mIoU'


def test_two_columns_for_each_metric():
    results = {Subject('ours', 1_900_000, 417_000_000, 367): [result(0, 44.0), result(1, 46.0)]}
    table = accuracy_table(results, epochs=45, protocol='lowres', metrics=['mIoU', 'aAcc'])
    header, _, row = ([cell.strip() for cell in line.split('|')[1:-1]] for line in table.splitlines())
    assert header[6:10] == ['mIoU', 'mean ± std', 'aAcc', 'mean ± std']
    assert row[6:10] == ['44.0 46.0', '45.0 ± 1.4', '90.0 90.0', '90.0 ± 0.0']


def test_a_column_for_the_rates_that_were_tried():
    subject = Subject('ours', 1_900_000, 417_000_000, 367)
    table = accuracy_table({subject: [result(0, 44.0)]}, 45, 'lowres', sweeps={subject: '**0.001 50.0**'})
    header, _, row = ([cell.strip() for cell in line.split('|')[1:-1]] for line in table.splitlines())
    assert header[8:] == ['mIoU on validation images by rate', 'training s']
    assert row[8:] == ['**0.001 50.0**', '60']
