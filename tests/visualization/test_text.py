"""Text fits its room."""

import pytest

from mmmaskattn.visualization.text import font, wrap
from mmmaskattn_runtime.drawing import shorten

NAME = 'aachen_000000_000019_leftImg8bit.png'


def test_short_text_stays_and_long_text_keeps_its_ends():
    face = font(14)
    assert shorten(NAME, 1000, face) == NAME
    short = shorten(NAME, 120, face)
    assert face.getlength(short) <= 120
    assert '\u2026' in short
    head, tail = short.split('\u2026')
    assert NAME.startswith(head)
    assert NAME.endswith(tail)
    assert len(head) > 3
    assert len(tail) > 3
    assert shorten(NAME, 0, face) == '\u2026'


@pytest.mark.parametrize('width', [60, 150, 600])
def test_wrapped_lines_fit_and_lose_no_word(width: int):
    text = 'ValueError: labels [200] on 3 pixels, expected 0 to 149 or 255'
    lines = wrap(text, width, font(13))
    assert all(font(13).getlength(line) <= width for line in lines)
    if width > 100:
        assert ' '.join(lines) == text


def test_bold_is_wider():
    assert font(14, True).getlength('road') > font(14).getlength('road')
