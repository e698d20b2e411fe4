"""The server of the page: its files, its policy, this machine alone."""

from __future__ import annotations

import http.client
import json
import threading

import pytest
from drawn_results import CLASSES, panoptic

from mmmaskattn_runtime import ResultsFolder, Writer
from mmmaskattn_runtime.page_server import main, make_server


@pytest.fixture
def page(tmp_path):
    for name in ('index.html', 'ort/ort.wasm.min.mjs', 'models/index.json', 'ort/a.wasm'):
        (tmp_path / 'page' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'page' / name).write_text(name)
    (tmp_path / 'secret').write_text('secret')
    return tmp_path / 'page'


@pytest.fixture
def port(page):
    with make_server(page, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def ask(port, path, **headers):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
    connection.request('GET', path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.headers


def test_files_with_their_kinds_and_a_policy(port):
    status, text, headers = ask(port, '/')
    assert (status, text) == (200, 'index.html')
    assert "default-src 'none'" in headers['Content-Security-Policy']
    assert ask(port, '/ort/ort.wasm.min.mjs')[2]['Content-Type'] == 'text/javascript'
    assert ask(port, '/ort/a.wasm')[2]['Content-Type'] == 'application/wasm'


def test_nothing_else(port):
    for path in ('/ort/', '/gone', '/../secret', '/%2e%2e/secret', '/%00'):
        status, text, _ = ask(port, path)
        assert status == 404
        assert 'secret' not in text.replace('/secret', '')
    assert ask(port, '/', Host='evil.example:80')[0] == 421
    assert ask(port, '/', Host=f'localhost:{port}')[0] == 200


def test_an_answer_that_fails_is_one_line(page, capsys):
    """A browser that hangs up is none."""
    with make_server(page, 0) as server:
        for error in (BrokenPipeError('gone'), RuntimeError('a\nb')):
            try:
                raise error
            except (OSError, RuntimeError):
                server.handle_error(None, None)
    assert capsys.readouterr().err == 'mmmaskattn_runtime: an answer failed: a b (RuntimeError)\n'


def test_what_goes_wrong_is_said_in_one_line(page, port, tmp_path):
    with pytest.raises(SystemExit, match=f'port {port}: .*name another one'):
        main([str(page), '--port', str(port)])
    with pytest.raises(SystemExit, match=r'holds no built page, index\.html is missing; build it: bash web/build\.sh'):
        main([str(tmp_path / 'gone')])


def test_results_of_a_folder(page, tmp_path):
    writer = Writer(tmp_path / 'found', CLASSES)
    writer.add(panoptic(str(tmp_path / 'secret')))
    writer.close()
    with make_server(page, 0, ResultsFolder(tmp_path / 'found')) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        assert json.loads(ask(port, '/results/index.json')[1]) == [str(tmp_path / 'secret')]
        found = json.loads(ask(port, '/results/0/result.json')[1])
        for path in ('/results/1/result.json', '/results/0/secret', '/results/-1/labels', '/results/../secret'):
            assert ask(port, path)[0] == 404
        (tmp_path / 'found/panoptic/secret.png').unlink()
        said = json.loads(ask(port, '/results/0/labels')[1])
        server.shutdown()
    assert [(one['name'], one['area']) for one in found['objects']] == [('cell', 200), ('cell', 100), ('dirt', 9)]
    assert 'not what mmmaskattn predict has written' in said['problem']
