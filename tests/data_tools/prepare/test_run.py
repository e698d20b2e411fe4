"""Restarting, doing nothing twice, losing nothing to one bad file."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from prepared import contents, mini, prepare, read_json, times

from mmmaskattn.data_tools.prepare import ade20k_splits, prepare_splits, run
from mmmaskattn.data_tools.prepare.split import STATE_FOLDER


@pytest.fixture(scope='module')
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mini('ade20k', tmp_path_factory.mktemp('mini') / 'ade')


@pytest.fixture
def root(source: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(source, tmp_path / 'ade'))


def test_a_second_run_does_nothing(root: Path):
    first = prepare(ade20k_splits(root))
    before = times(root)
    second = prepare(ade20k_splits(root))
    assert times(root) == before
    assert [(report.converted, report.unchanged) for report in first] == [(4, False), (2, False)]
    assert [(report.converted, report.unchanged) for report in second] == [(0, True), (0, True)]
    assert [report.totals for report in second] == [report.totals for report in first]
    assert 'nothing to do' in second[0].lines()[0]


def test_many_processes_write_what_one_writes(source: Path, tmp_path: Path):
    roots = [Path(shutil.copytree(source, tmp_path / name)) for name in 'ab']
    for root, workers in zip(roots, (1, 3)):
        prepare(ade20k_splits(root), workers)
    assert contents(roots[0]) == contents(roots[1])


def stop_after(count: int, splits: list) -> None:
    """Prepare with one process, which kills itself once it has converted ``count`` images."""
    add = run.RecordStore.add
    left = [count]

    def add_and_count(store: run.RecordStore, record: dict) -> None:
        add(store, record)
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    run.RecordStore.add = add_and_count
    list(prepare_splits(splits, 1))


def in_a_process(function, *args) -> multiprocessing.Process:
    process = multiprocessing.get_context('fork').Process(target=function, args=args)
    process.start()
    return process


def test_goes_on_after_the_images_that_are_done(source: Path, root: Path, tmp_path: Path):
    killed = in_a_process(stop_after, 3, ade20k_splits(root))
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert len(list((root / 'ade20k_panoptic_train').glob('*.png'))) == 3
    assert not (root / 'ade20k_panoptic_train.json').exists()
    reports = prepare(ade20k_splits(root))
    assert [report.converted for report in reports] == [1, 2]
    whole = Path(shutil.copytree(source, tmp_path / 'whole'))
    prepare(ade20k_splits(whole))
    assert contents(root) == contents(whole)


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again_equals_an_uninterrupted_run(tmp_path: Path):
    source = mini('ade20k', tmp_path / 'source', train=60, val=1)
    whole = Path(shutil.copytree(source, tmp_path / 'whole'))
    prepare(ade20k_splits(whole))
    hits = 0
    for number, wanted in enumerate((1, 12, 30)):
        root = Path(shutil.copytree(source, tmp_path / f'killed{number}'))
        process = in_a_process(prepare, ade20k_splits(root), 2)
        folder = root / 'ade20k_panoptic_train'
        while process.is_alive() and len(list(folder.glob('*.png'))) < wanted:
            time.sleep(0.001)
        process.kill()
        process.join()
        hits += not (root / 'ade20k_panoptic_val.json').exists()
        prepare(ade20k_splits(root), 2)
        assert contents(root) == contents(whole)
        assert not list(root.rglob('.*.partial'))
    assert hits, 'every run had ended before it was killed'


def test_a_half_written_picture_of_a_record_is_made_again(root: Path):
    killed = in_a_process(stop_after, 3, ade20k_splits(root))
    killed.join()
    picture = min((root / 'ade20k_panoptic_train').glob('*.png'))
    whole = picture.read_bytes()
    picture.write_bytes(whole[:40])
    assert prepare(ade20k_splits(root))[0].converted == 2
    assert picture.read_bytes() == whole


def test_a_deleted_picture_a_changed_source_and_a_changed_json_are_noticed(root: Path):
    prepare(ade20k_splits(root))
    expected = contents(root)
    picture = root / 'ade20k_panoptic_val/ADE_val_00000001.png'
    picture.unlink()
    assert [report.unchanged for report in prepare(ade20k_splits(root))] == [True, False]
    (root / 'ade20k_instance_train.json').write_text('{}' + 'written by mmmaskattn tools/data/prepare')
    assert [report.unchanged for report in prepare(ade20k_splits(root))] == [False, True]
    source = root / 'annotations/validation/ADE_val_00000002.png'
    os.utime(source, ns=(1, 1))
    assert [report.unchanged for report in prepare(ade20k_splits(root))] == [True, False]
    assert contents(root) == expected


def test_one_bad_file_loses_no_other_and_is_mended_alone(source: Path, root: Path, capsys: pytest.CaptureFixture):
    prepare(ade20k_splits(root, ['train']))
    expected = contents(root)
    shutil.rmtree(root)
    shutil.copytree(source, root)
    bad = root / 'annotations/training/ADE_train_00000002.png'
    good = bad.read_bytes()
    bad.write_bytes(good[: len(good) // 2])
    (report,) = prepare(ade20k_splits(root, ['train']))
    assert [problem.name for problem in report.problems] == ['ADE_train_00000002.jpg']
    assert f'{bad}: cannot be decoded' in capsys.readouterr().err
    assert str(bad) in (root / STATE_FOLDER / 'train.problems.txt').read_text()
    assert [image['id'] for image in read_json(root / 'ade20k_panoptic_train.json')['images']] == [1, 3, 4]
    assert any('left out, images with problems: 1' in line for line in report.lines())
    (again,) = prepare(ade20k_splits(root, ['train']))
    assert (again.converted, len(again.problems)) == (0, 1)
    bad.write_bytes(good)
    (mended,) = prepare(ade20k_splits(root, ['train']))
    assert (mended.converted, mended.problems) == (1, [])
    assert contents(root) == expected
    assert not (root / STATE_FOLDER / 'train.problems.txt').exists()


def test_no_json_is_written_if_every_image_is_bad(root: Path):
    for path in (root / 'annotations/validation').iterdir():
        path.write_bytes(b'')
    (report,) = prepare(ade20k_splits(root, ['val']))
    assert len(report.problems) == 2
    assert not (root / 'ade20k_panoptic_val.json').exists()


def test_a_json_of_another_program_is_not_replaced_without_being_told(root: Path):
    foreign = root / 'ade20k_instance_val.json'
    foreign.write_text('{"images": []}')
    before = times(root)
    with pytest.raises(FileExistsError, match=r'ade20k_instance_val\.json: written by another program.*--overwrite'):
        prepare(ade20k_splits(root))
    assert times(root) == before
    prepare(ade20k_splits(root), overwrite=True)
    assert len(read_json(foreign)['images']) == 2


def test_counts_equal_the_json(root: Path):
    report = prepare(ade20k_splits(root))[0]
    panoptic, instance = (read_json(root / f'ade20k_{kind}_train.json') for kind in ('panoptic', 'instance'))
    segments = [segment for annotation in panoptic['annotations'] for segment in annotation['segments_info']]
    things = {category['id'] for category in panoptic['categories'] if category['isthing']}
    assert report.totals['things'] == sum(segment['category_id'] in things for segment in segments)
    assert report.totals['stuff'] == sum(segment['category_id'] not in things for segment in segments)
    assert report.totals['instances'] == len(instance['annotations'])
    assert report.totals['images'] == len(panoptic['images']) == 4
