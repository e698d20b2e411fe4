"""The one-file loop over a camera's frames, on a video."""

from __future__ import annotations

import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest
from exported_files import write_model

main = runpy.run_path(str(Path(__file__).parents[2] / 'tools/deploy/camera.py'))['main']


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    path = str(tmp_path_factory.mktemp('film') / 'film.avi')
    video = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'MJPG'), 5, (64, 48))
    for value in (0, 90, 180):
        video.write(np.full((48, 64, 3), value, np.uint8))
    video.release()
    return path


def test_frames_are_labelled(film, tmp_path, capsys):
    file = str(write_model(tmp_path / 'a.onnx', 'panoptic'))
    main([file, '--camera', film, '--film', str(tmp_path / 'out.mp4'), '--frames', '2'])
    assert capsys.readouterr().out == '2 frames\n'
    found = cv2.VideoCapture(str(tmp_path / 'out.mp4'))
    assert (found.get(cv2.CAP_PROP_FRAME_COUNT), found.read()[1].shape) == (2, (384, 512, 3))
    main([file, '--camera', film, '--quiet-for', '0'])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert 'ground 100.0 %' in lines[0]


def test_no_camera_ends_in_one_line(tmp_path):
    with pytest.raises(SystemExit, match='mmmaskattn_runtime: there is no file'):
        main([str(write_model(tmp_path / 'a.onnx', 'panoptic')), '--camera', 'gone.mp4', '--quiet-for', '0'])


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['--film', 'kept.mp4'], '--film kept.mp4: is there already and is not overwritten'),
        (['--film', 'nowhere/a.mp4'], '--film nowhere/a.mp4: OpenCV writes no film there'),
        (['--frames', '0'], '--frames 0: expected 1 or more'),
        (['--quiet-for', 'nan'], '--quiet-for nan: expected seconds'),
        ([], 'there is no display to open a window on'),
    ],
)
def test_what_cannot_be_is_said_in_a_line(words, line, film, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('sys.platform', 'linux')
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(name, raising=False)
    Path('kept.mp4').write_text('an older film')
    with pytest.raises(SystemExit) as end:
        main([str(write_model(tmp_path / 'a.onnx', 'panoptic')), '--camera', film, *words])
    text = end.value.code if isinstance(end.value.code, str) else capsys.readouterr().err
    assert line in text
    assert len(text.strip().splitlines()) == 1
    assert Path('kept.mp4').read_text() == 'an older film'


def test_an_interrupted_film_can_be_played(film, tmp_path, monkeypatch):
    """The process is told to end at the third frame."""
    seen: list[int] = []

    def interrupted(*given: object) -> np.ndarray:
        seen.append(1)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return draw_frame(*given)

    draw_frame = main.__globals__['draw_frame']
    monkeypatch.setitem(main.__globals__, 'draw_frame', interrupted)
    with pytest.raises(SystemExit) as end:
        main([str(write_model(tmp_path / 'a.onnx', 'panoptic')), '--camera', film, '--film', str(tmp_path / 'b.mp4')])
    assert end.value.code == 130
    assert cv2.VideoCapture(str(tmp_path / 'b.mp4')).get(cv2.CAP_PROP_FRAME_COUNT) == 2
