"""Pictures of every kind, read as RGB; what cannot be read is named in one line."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmmaskattn_runtime import PictureError, find_pictures, read_picture

RGB = np.random.default_rng(0).integers(0, 256, (13, 21, 3)).astype(np.uint8)


@pytest.mark.parametrize('suffix', ['png', 'bmp', 'tif', 'webp', 'ppm'])
def test_colours_are_those_of_opencv(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(RGB).save(path, **(dict(lossless=True) if suffix == 'webp' else {}))
    assert (read_picture(path) == RGB).all()
    assert (read_picture(path) == cv2.imread(str(path))[..., ::-1]).all()


def test_modes(tmp_path):
    grey = RGB[..., 0]
    wide = grey.astype(np.uint16) * 257
    palette = Image.fromarray(RGB).quantize(16)
    alpha = np.dstack([RGB, grey])
    files = {
        'L': (Image.fromarray(grey), np.dstack([grey] * 3)),
        'LA': (Image.fromarray(np.dstack([grey, grey]), 'LA'), np.dstack([grey] * 3)),
        'RGBA': (Image.fromarray(alpha), RGB),
        'P': (palette, np.asarray(palette.convert('RGB'))),
        'I;16': (Image.fromarray(wide), np.dstack([grey] * 3)),
        '1': (Image.fromarray(grey > 127), np.dstack([(grey > 127) * np.uint8(255)] * 3)),
    }
    for mode, (image, expected) in files.items():
        image.save(tmp_path / 'a.png')
        assert (read_picture(tmp_path / 'a.png') == expected).all(), mode


def test_orientation_is_followed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    Image.fromarray(RGB).save(tmp_path / 'a.png', exif=exif)
    assert (read_picture(tmp_path / 'a.png') == np.rot90(RGB, -1)).all()


def test_arrays_are_bgr():
    assert (read_picture(RGB[..., ::-1]) == RGB).all()
    assert (read_picture(np.dstack([RGB[..., ::-1], RGB[..., 0]])) == RGB).all()
    assert (read_picture(RGB[..., 0].astype(np.uint16) << 8) == RGB[..., :1]).all()
    assert (read_picture(Image.fromarray(RGB)) == RGB).all()
    floats = read_picture(np.array([[np.nan, -1.0], [0.0, 1.0]]))
    assert floats[:, :, 0].tolist() == [[128, 0], [128, 255]]


@pytest.mark.parametrize(
    ('values', 'expected'),
    [
        (np.array([[0, 200]], '>u2'), [0, 0]),
        (np.array([[0, 51200]], '<u2'), [0, 200]),
        (np.ones((1, 2)), [255, 255]),
        (np.array([[0.0, 0.5]]), [0, 128]),
        (np.array([[0, 70000]]), [0, 255]),
        (np.array([[-3e38, 3e38]], np.float32), [0, 255]),
        (np.array([[0, 300]]), [0, 1]),
        (np.array([[0, 200]]), [0, 200]),
    ],
)
def test_numbers_of_any_kind_become_bytes(values, expected):
    assert read_picture(values)[0, :, 0].tolist() == expected


@pytest.mark.parametrize('array', [np.zeros((0, 4)), np.zeros(4), np.zeros((3, 4, 5)), np.array([['a']])])
def test_other_arrays_are_refused(array):
    with pytest.raises(PictureError, match='an array of'):
        read_picture(array)


def test_what_is_no_picture_is_named(tmp_path):
    whole = tmp_path / 'whole.png'
    Image.fromarray(RGB).save(whole)
    (tmp_path / 'cut.png').write_bytes(whole.read_bytes()[:-300])
    (tmp_path / 'text.jpg').write_text('no picture')
    (tmp_path / 'empty.png').touch()
    for name in ('cut.png', 'text.jpg', 'empty.png', 'gone.png', '.'):
        with pytest.raises(PictureError, match=name) as found:
            read_picture(tmp_path / name if name != '.' else tmp_path)
        assert '\n' not in str(found.value)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    Image.fromarray(RGB).save(tmp_path / 'a.png')
    monkeypatch.setattr('mmmaskattn_runtime.pictures.LARGEST', 200)
    with pytest.raises(PictureError, match='21 x 13 pixels; expected at most 200'):
        read_picture(tmp_path / 'a.png')


def test_sources(tmp_path):
    for name in ('b.png', 'a.png', 'deep/c.PNG', 'notes.txt'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(RGB).save(tmp_path / name, 'PNG')
    names = [source.name for source in find_pictures(tmp_path)]
    assert names == [str(tmp_path / name) for name in ('a.png', 'b.png', 'deep/c.PNG')]
    assert [source.name for source in find_pictures(str(tmp_path / '?.png'))] == names[:2]
    mixed = list(find_pictures([tmp_path / 'b.png', RGB, Image.fromarray(RGB)]))
    assert [source.name for source in mixed] == [names[1], '000001', '000002']
    assert all(source.read().shape == RGB.shape for source in mixed)
    for nothing in (tmp_path / 'deep' / 'd*', 3.5, '', -1, True, b'a.png', {'a': 1}, None):
        with pytest.raises(PictureError):
            list(find_pictures(nothing))


def test_a_list_goes_on_after_what_cannot_be_found(tmp_path):
    cut = tmp_path / 'cut.png'
    Image.fromarray(RGB).save(cut)
    cut.write_bytes(cut.read_bytes()[:-300])
    closed = Image.fromarray(RGB)
    closed.close()
    given = [RGB, tmp_path / 'gone*', None, Image.open(cut), closed, tmp_path / 'gone.mp4', [RGB], RGB]
    read, reasons = [], []
    for source in find_pictures(given):
        try:
            read.append((source.name, source.read().shape))
        except PictureError as error:
            reasons.append(str(error))
    assert read == [(name, RGB.shape) for name in ('000000', '000006_000000', '000007')]
    assert len(reasons) == 5


def test_a_video_gives_its_frames(tmp_path):
    path = str(tmp_path / 'film.avi')
    video = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'MJPG'), 5, (64, 48))
    for value in (0, 90, 180):
        video.write(np.full((48, 64, 3), value, np.uint8))
    video.release()
    frames = [(source.name, int(source.read().mean().round(-1))) for source in find_pictures(path)]
    assert frames == [(f'{path}#{number:06d}', value) for number, value in enumerate((0, 90, 180))]
    (tmp_path / 'text.mp4').write_text('no film')
    with pytest.raises(PictureError, match=r'text\.mp4'):
        list(find_pictures(tmp_path / 'text.mp4'))


def test_links_to_folders_are_followed_once_and_never_back_up(tmp_path):
    for name in ('shots/a.png', 'shots/inner/b.png', 'elsewhere/c.png', 'elsewhere/deep/d.png', 'above.png'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RGB).save(tmp_path / name)
    links = {'shots/linked': 'elsewhere', 'shots/again': 'elsewhere', 'shots/loop': 'shots', 'shots/up': '.',
             'elsewhere/deep/back': 'elsewhere', 'elsewhere/home': 'shots/inner'}  # fmt: skip
    for link, target in links.items():
        (tmp_path / link).symlink_to(tmp_path / target, target_is_directory=True)
    found = [one.name for one in find_pictures(tmp_path / 'shots')]
    names = ('a.png', 'again/c.png', 'again/deep/d.png', 'again/home/b.png')
    assert found == [str(tmp_path / 'shots' / name) for name in names]
