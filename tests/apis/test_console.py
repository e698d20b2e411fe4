"""The command ``mmmaskattn`` as a user types it."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from exported_files import write_model
from mmengine.config import Config
from own_pictures import draw_images, draw_labels
from pictures import smooth_photo
from PIL import Image
from random_checkpoint import write_checkpoint

from mmmaskattn_console.console import main


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return write_checkpoint('ccp_semantic_128_nano', tmp_path_factory.mktemp('checkpoints'))


def ends_with(words, capsys):
    """Run a command that fails; its status and what it says."""
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    text = end.value.code if isinstance(end.value.code, str) else capsys.readouterr().err
    return text.strip()


def test_predict(model, tmp_path, capsys):
    (tmp_path / 'shots').mkdir()
    for name in ('a', 'b'):
        Image.fromarray(smooth_photo((60, 90))).save(tmp_path / 'shots' / f'{name}.png')
    (tmp_path / 'shots' / 'c.png').write_text('no picture')
    out = tmp_path / 'out'
    words = ['predict', tmp_path / 'shots', '--model', model.config, '--weights', model.checkpoint, '--out', out]
    main([str(word) for word in words])
    said = capsys.readouterr()
    assert '2 pictures, 1 skipped' in said.out
    assert 'c.png is no picture' in said.err
    assert {path.name for path in out.iterdir()} == {'pictures', 'maps', 'maps.json', 'objects.csv'}
    with (out / 'objects.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert {row['picture'] for row in rows} == {str(tmp_path / 'shots' / f'{name}.png') for name in 'ab'}
    assert sum(int(row['area']) for row in rows) == 2 * 60 * 90
    assert 'is there already' in ends_with(words, capsys)


def test_models(capsys):
    main(['models', '--all', '--data', 'dsb2018', '--task', 'panoptic'])
    said = capsys.readouterr().out
    assert '| tiny_dsb2018_panoptic' in said
    assert 'camvid' not in said


def test_init(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw_labels(tmp_path, 'binary', draw_images(tmp_path))
    words = ['init', '--images', 'images', '--labels', 'labels', '--classes', 'ground', 'thing', '--out', 'mine']
    main([*words, '--workers', '1'])
    said = capsys.readouterr().out
    assert 'mmmaskattn train mine/config.py' in said
    assert 'binary masks' in said
    cfg = Config.fromfile('mine/config.py')
    assert (cfg.classes, cfg.image_size) == (('ground', 'thing'), (96, 128))
    assert 'mine: is there already' in ends_with(words, capsys)


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['fly'], 'there is no command fly; expected one of predict'),
        (['predict'], 'the following arguments are required: input, --model, --out'),
        (['predict', 'x.png', '--model', 'tiny_dsb2018_panoptc', '--out', 'o'], 'did you mean tiny_dsb2018_panoptic'),
        (['predict', 'x.png', '--model', 'base_ade20k_semantic', '--out', 'o'], 'no weights are published'),
        (['predict', 'x.png', '--model', 'gone.py', '--out', 'o'], 'there is no config gone.py'),
        (['train', 'tiny_camvid_semanic'], 'did you mean tiny_camvid_semantic'),
        (['test', 'tiny_camvid_semantic', 'gone.pth'], 'gone.pth'),
        (['init', '--images', 'gone', '--labels', 'gone', '--out', 'o'], 'gone: no such folder'),
        (['init', '--images', 'gone', '--out', 'o', '--classes', 'a', 'a'], "--classes: found 'a' twice"),
        (['models', '--task', 'depth'], "invalid choice: 'depth'"),
    ],
)
def test_wrong_words_end_in_one_line(words, line, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    said = ends_with(words, capsys)
    assert line in said
    assert '\n' not in said
    assert 'Traceback' not in said


def test_wrong_pictures_end_in_one_line(model, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path('empty').mkdir()
    Path('text.png').write_text('no picture')
    for name, line in (('gone.png', 'there is no file gone.png'), ('empty', 'holds no pictures'),
                       ('text.png', 'text.png is no picture'), ('*.tif', 'nothing matches')):  # fmt: skip
        words = ['predict', name, '--model', model.config, '--weights', model.checkpoint, '--out', 'out']
        said = ends_with(words, capsys)
        assert line in said.splitlines()[-1]
        assert 'skipped' not in said
        assert not Path('out').exists()


def test_help_is_short(capsys):
    main(['--help'])
    said = capsys.readouterr().out
    assert 'mmmaskattn predict PICTURES --model NAME --out FOLDER' in said
    assert len(said.splitlines()) < 20


QUICK = """
import sys
from mmmaskattn_console.console import main
for words in ('--help', 'fly', 'models', 'models --task depth', 'predict --help', 'predict', 'init --help'):
    try:
        main(words.split())
    except SystemExit:
        pass
print('heavy:', sorted({'mmmaskattn', 'mmengine', 'mmdet', 'mmseg', 'torch'} & set(sys.modules)))
"""


def test_help_lists_and_wrong_words_import_neither_torch_nor_hosts():
    done = subprocess.run([sys.executable, '-c', QUICK], capture_output=True, text=True, check=True)
    assert 'mmmaskattn predict PICTURES' in done.stdout
    assert 'there is no command fly' in done.stderr
    assert done.stdout.splitlines()[-1] == 'heavy: []'


@pytest.mark.long
def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, '-m', 'mmmaskattn', 'models'], capture_output=True, text=True, check=True)
    assert '| tiny_dsb2018_panoptic ' in done.stdout


def test_exported_files_and_the_page(tmp_path, capsys):
    file = write_model(tmp_path / 'cells.onnx', 'panoptic')
    Image.fromarray(smooth_photo((60, 90))).save(tmp_path / 'a.png')
    main(['predict', str(tmp_path / 'a.png'), '--model', str(file), '--out', str(tmp_path / 'out')])
    assert '1 picture, 0 skipped' in capsys.readouterr().out
    words = ['predict', tmp_path / 'a.png', '--model', file, '--out', tmp_path / 'new', '--task', 'instance']
    assert 'is an exported file, which takes no task' in ends_with(words, capsys)
    words = ['predict', tmp_path / 'a.png', '--model', tmp_path / 'gone.onnx', '--out', tmp_path / 'new']
    assert ends_with(words, capsys).endswith('gone.onnx: No such file or directory; expected an exported model')
    said = ends_with(['web', '--page', tmp_path], capsys)
    assert said == f'mmmaskattn web: {tmp_path} holds no built page, index.html is missing; build it: bash web/build.sh'
