"""Videos labelled frame by frame."""

from __future__ import annotations

import os
from itertools import islice

import cv2
import numpy as np
import pytest
from pictures import smooth_photo
from random_checkpoint import write_checkpoint

from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.apis.video import drawn_frames, label_video
from mmmaskattn_console.console import main
from mmmaskattn_runtime import PictureError
from mmmaskattn_runtime.frames import draw_frame


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return write_checkpoint('coco_panoptic_128_nano', tmp_path_factory.mktemp('checkpoints'))


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    path = str(tmp_path_factory.mktemp('film') / 'film.avi')
    video = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'MJPG'), 7, (90, 60))
    for shift in range(5):
        video.write(np.roll(smooth_photo((60, 90)), 9 * shift, 1))
    video.release()
    return path


def test_a_film_becomes_an_mp4_of_as_many_frames(model, film, tmp_path, capsys):
    out = tmp_path / 'out' / 'labelled.mp4'
    words = ['video', film, '--model', model.config, '--weights', model.checkpoint, '--out', str(out)]
    main(words)
    assert f'5 frames in {out}' in capsys.readouterr().out
    video = cv2.VideoCapture(str(out))
    assert video.get(cv2.CAP_PROP_FPS) == 7
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1])
    assert [frame.shape for frame in frames] == [(360, 540, 3)] * 5  # enlarged by 6
    assert np.abs(frames[0].astype(int) - frames[4]).mean() > 1
    with pytest.raises(SystemExit, match='is there already'):
        main(words)
    assert [path.name for path in out.parent.iterdir()] == ['labelled.mp4']


def test_a_film_that_is_interrupted_ends_with_the_last_whole_frame(model, film, tmp_path, capsys, monkeypatch):
    def two(*_):
        yield from islice(drawn_frames(*_), 2)
        raise KeyboardInterrupt

    monkeypatch.setattr('mmmaskattn.apis.video.drawn_frames', two)
    out = tmp_path / 'labelled.mp4'
    with pytest.raises(SystemExit, match='130'):
        main(['video', film, '--model', model.config, '--weights', model.checkpoint, '--out', str(out)])
    assert capsys.readouterr().err.splitlines()[-1] == f'mmmaskattn video: interrupted; 2 frames are in {out}'
    assert cv2.VideoCapture(str(out)).get(cv2.CAP_PROP_FRAME_COUNT) == 2
    assert [path.name for path in tmp_path.iterdir()] == ['labelled.mp4']


def test_a_frame_says_what_is_counted(model):
    picture = smooth_photo((61, 90))
    result = MaskAttnInferencer(*model, device='cpu', score_thr=0.0)(picture)
    plain, said = draw_frame(picture, result, 0.0), draw_frame(picture, result, 12.5)
    assert plain.shape == (366, 540, 3)
    assert (plain[:24] != said[:24]).any()
    assert (plain[40:] == said[40:]).all()


def test_a_folder_of_other_sizes_is_a_film_too(model, tmp_path):
    for number, size in enumerate(((60, 90), (40, 40), (97, 60))):
        cv2.imwrite(str(tmp_path / f'{number}.png'), smooth_photo(size))
    infer = MaskAttnInferencer(*model, device='cpu')
    assert label_video(infer, str(tmp_path), tmp_path / 'out.mp4') == 3
    assert cv2.VideoCapture(str(tmp_path / 'out.mp4')).get(cv2.CAP_PROP_FRAME_COUNT) == 3


def test_without_a_display_no_window_is_tried(model, film, monkeypatch):
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr('sys.platform', 'linux')
    with pytest.raises(PictureError, match='no display'):
        label_video(MaskAttnInferencer(*model, device='cpu'), film, show=True)


def test_what_is_no_video_is_refused(model, tmp_path):
    os.mkfifo(tmp_path / 'pipe.mp4')
    for name in ('gone.wmv', 'pipe.mp4'):
        with pytest.raises(PictureError, match=name):
            label_video(MaskAttnInferencer(*model, device='cpu'), str(tmp_path / name), tmp_path / 'none.mp4')
    (tmp_path / 'film.mp4').write_text('no film')
    words = ['--model', model.config, '--weights', model.checkpoint]
    with pytest.raises(SystemExit, match='cannot be opened as a video'):
        main(['video', str(tmp_path / 'film.mp4'), *words, '--out', str(tmp_path / 'out.mp4')])
    assert not (tmp_path / 'out.mp4').exists()
    with pytest.raises(PictureError, match='camera 99'):
        next(MaskAttnInferencer(*model, device='cpu').stream(99))
