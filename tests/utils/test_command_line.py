"""How command lines end: in one line that says what is wrong, with the traceback on demand."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.registry import MODELS
from tool_calls import ROOT, call_tool

from mmmaskattn.datasets.transforms.low_res_resize import check_size
from mmmaskattn.utils.command_line import ToolParser, describe, ends_in_one_line, nearest


def raised(call):
    try:
        call()
    except Exception as error:
        return describe(error)
    raise AssertionError('nothing was raised')


def test_an_error_of_the_package_is_told_as_it_is():
    assert raised(lambda: check_size(3, '--size')).startswith('--size=3: expected at least 16 pixels')


def test_an_error_of_the_package_in_a_frame_of_mmengine_is_told_alone():
    told = raised(lambda: MODELS.build(dict(type='mmmaskattn.MaskAttnUNet', arch='huge')))
    assert 'huge' in told
    assert not told.startswith('class ')


def test_a_foreign_error_comes_with_type_and_place():
    assert raised(lambda: {}['key']) == "no 'key' there (KeyError in test_command_line.py:34; --debug shows more)"


def test_a_mistake_in_the_code_comes_with_type_and_place():
    told = raised(lambda: check_size(None, object()))
    assert 'check_size' in told or '.py:' in told


def test_a_missing_file_is_named():
    assert raised(Path('no/such/file').read_text) == 'no/such/file: No such file or directory'


def test_of_a_workers_traceback_the_last_line_is_told():
    text = 'Caught ValueError.\nOriginal Traceback (most recent call last):\n  File "x"\nValueError: a.png is damaged\n'

    def fail():
        raise RuntimeError(text)

    assert raised(fail).startswith('ValueError: a.png is damaged (RuntimeError in ')


def test_an_unknown_type_comes_with_the_nearest():
    told = raised(lambda: MODELS.build(dict(type='mmmaskattn.MaskAtnUNet')))
    assert 'did you mean mmmaskattn.MaskAttnUNet?' in told


def fail(argv=None):
    raise ValueError('two\nlines')


def test_the_end_is_a_line_and_a_status(capsys):
    with pytest.raises(SystemExit, match=r'^tool: two lines \(ValueError in ') as end:
        ends_in_one_line('tool')(fail)([])
    assert end.value.code
    with pytest.raises(SystemExit, match=r'^2$'):
        ends_in_one_line('tool', status=2)(fail)([])
    assert capsys.readouterr().err.startswith('tool: two lines')
    with pytest.raises(ValueError, match='two'):
        ends_in_one_line('tool')(fail)(['--debug'])


def test_an_interruption_has_its_own_status(capsys):
    def interrupted(argv=None):
        raise KeyboardInterrupt

    with pytest.raises(SystemExit, match='130'):
        ends_in_one_line('tool')(interrupted)([])
    assert capsys.readouterr().err == 'tool: interrupted\n'


def test_another_process_than_the_first_waits_and_says_its_number(monkeypatch):
    waited = []
    monkeypatch.setenv('RANK', '3')
    monkeypatch.setattr('mmmaskattn_console.command_line.time.sleep', waited.append)
    with pytest.raises(SystemExit, match=r'^process 3: tool: two'):
        ends_in_one_line('tool')(fail)([])
    assert waited


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--widht', '3'], 'unknown argument --widht 3; did you mean --width?'),
        (['--width', 'x'], "invalid int value: 'x'"),
        (['--cfg-options', 'a'], '--cfg-options a: expected key=value'),
        (['--cfg-options', '=3'], '--cfg-options =3: expected key=value'),
        (['--cfg-options', 'a=[1,(2]'], 'Imbalanced brackets'),
    ],
)
def test_wrong_words_end_in_one_line_with_status_2(words, message, capsys):
    parser = ToolParser(prog='tool.py')
    parser.add_argument('--width', type=int)
    parser.add_settings()
    with pytest.raises(SystemExit, match=r'^2$'):
        parser.parse_args(words)
    told = capsys.readouterr().err
    assert told.startswith('tool.py: ')
    assert message in told
    assert told.count('\n') == 1


def test_settings_are_read_as_mmengine_reads_them():
    parser = ToolParser()
    parser.add_settings()
    words = ['a.b=1', 'c=[(1,2),x]', 'd=None', 'e=p=q']
    assert parser.parse_args(['--cfg-options', *words]).cfg_options == {
        'a.b': 1,
        'c': [(1, 2), 'x'],
        'd': None,
        'e': 'p=q',
    }


def test_nothing_is_proposed_that_is_not_near():
    assert nearest('zzz', ['width']) == ''


def test_every_python_tool_has_debug():
    """Each tool's parser is a `ToolParser`; `--help` ends before any work."""
    tools = [path for path in ROOT.glob('tools/**/*.py') if path.name != 'dist_processes.py']
    assert len(tools) > 14
    helps = {path.name: call_tool(str(path.relative_to(ROOT / 'tools')), '--help').stdout for path in tools}
    assert [name for name, text in helps.items() if '--debug' not in text] == []
