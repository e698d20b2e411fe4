"""write_mini: the same bytes for the same options, whole sets only, nobody's files touched."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import pytest

from mmmaskattn.data_tools.mini import LAYOUTS, write_mini
from mmmaskattn.data_tools.mini import write as write_module


def digest(root: Path) -> dict[str, str]:
    """Return the hash of every file under root."""
    files = sorted(path for path in root.rglob('*') if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write(layout: str, root: Path, **options) -> Path:
    return write_mini(layout, root, **{'num_train': 3, 'num_val': 2, 'size': (64, 96), **options})


@pytest.mark.parametrize('layout', LAYOUTS)
def test_same_options_same_bytes(layout: str, tmp_path: Path):
    one, again = digest(write(layout, tmp_path / 'a')), digest(write(layout, tmp_path / 'b'))
    assert one == again
    assert len(one) >= 10
    assert one != digest(write(layout, tmp_path / 'c', seed=1))


def test_more_images_leave_the_first_ones_unchanged(tmp_path: Path):
    few, many = digest(write('cityscapes', tmp_path / 'a')), digest(write('cityscapes', tmp_path / 'b', num_train=5))
    pictures = {name: value for name, value in few.items() if name.endswith('.png')}
    assert pictures.items() <= many.items()
    assert len(many) == len(few) + 2 * 4


def test_train_and_val_differ(tmp_path: Path):
    root = write('ade20k', tmp_path / 'set', num_val=3)
    train = digest(root / 'images/training').values()
    assert not set(train) & set(digest(root / 'images/validation').values())


def test_native_sizes_vary_and_cityscapes_is_two_to_one(tmp_path: Path):
    ade = write('ade20k', tmp_path / 'ade', num_train=16)
    sizes = {cv2.imread(str(path)).shape[:2] for path in (ade / 'images/training').iterdir()}
    assert len(sizes) > 8
    assert any(h > w for h, w in sizes)
    assert any(h < w for h, w in sizes)
    assert all(min(size) >= 0.75 * 64 - 1 and max(size) <= 1.25 * 96 + 1 for size in sizes)
    city = write('cityscapes', tmp_path / 'city')
    assert {cv2.imread(str(path)).shape[:2] for path in (city / 'leftImg8bit').rglob('*.png')} == {(48, 96)}


def test_second_call_does_nothing(tmp_path: Path):
    root = write('ade20k', tmp_path / 'set')
    times = {path: path.stat().st_mtime_ns for path in root.rglob('*')}
    assert write('ade20k', tmp_path / 'set') == root
    assert {path: path.stat().st_mtime_ns for path in root.rglob('*')} == times


def test_empty_folder_is_taken_and_nothing_else_is_left(tmp_path: Path):
    (tmp_path / 'set').mkdir()
    write('ade20k', tmp_path / 'set')
    assert [path.name for path in tmp_path.iterdir()] == ['set']


def test_foreign_folder_is_refused_and_untouched(tmp_path: Path):
    (tmp_path / 'thesis.txt').write_text('mine')
    with pytest.raises(FileExistsError, match=f'{tmp_path}.*not empty.*empty folder'):
        write('ade20k', tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['thesis.txt']


def test_set_with_other_options_is_refused(tmp_path: Path):
    before = digest(write('ade20k', tmp_path / 'set'))
    with pytest.raises(FileExistsError, match=r'other options.*Name another folder'):
        write('ade20k', tmp_path / 'set', seed=5)
    assert digest(tmp_path / 'set') == before


def test_interrupted_call_leaves_no_set_and_the_next_one_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    drawn = []

    def interrupt(*args):
        drawn.append(args)
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return draw(*args)

    draw = write_module.draw_scene
    monkeypatch.setattr(write_module, 'draw_scene', interrupt)
    with pytest.raises(KeyboardInterrupt):
        write('ade20k', tmp_path / 'set')
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert digest(write('ade20k', tmp_path / 'set')) == digest(write('ade20k', tmp_path / 'other'))


def test_marker_holds_the_options(tmp_path: Path):
    marker = json.loads((write('ade20k', tmp_path / 'set') / '.mini.json').read_text())
    assert marker['layout'] == 'ade20k'
    assert (marker['train'], marker['val'], marker['size'], marker['seed']) == (3, 2, [64, 96], 0)


@pytest.mark.parametrize(
    ('layout', 'options', 'message'),
    [
        ('voc', {}, "layout: found 'voc', expected one of ade20k, coco, cityscapes"),
        ('ade20k', {'num_train': 0}, 'num_train: found 0, expected 1 or more'),
        ('ade20k', {'num_val': -1}, 'num_val: found -1'),
        ('ade20k', {'size': (20, 64)}, r'size: found \(20, 64\), expected \(height, width\)'),
        ('cityscapes', {'size': (64, 64)}, 'size: found width 64, expected 96 or more'),
        ('ade20k', {'seed': -1}, 'seed: found -1'),
    ],
)
def test_bad_options_are_named(layout: str, options: dict, message: str, tmp_path: Path):
    with pytest.raises(ValueError, match=message):
        write(layout, tmp_path / 'set', **options)
    assert not (tmp_path / 'set').exists()
