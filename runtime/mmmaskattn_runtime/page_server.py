"""Serves the built page of ``web/`` on this machine alone: ``python -m mmmaskattn_runtime.page_server FOLDER``."""

from __future__ import annotations

import argparse
import http.server
import io
import json
import re
import sys
import webbrowser
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mmmaskattn_runtime.console import NAME, Parser, ends_in_one_line
from mmmaskattn_runtime.drawing import object_map
from mmmaskattn_runtime.reading import ResultsFolder
from mmmaskattn_runtime.result import Instance, Result, Segment
from mmmaskattn_runtime.saving import png

HOST, PORT = '127.0.0.1', 8000
ASKED = re.compile(r'/results/(?:index\.json|(?P<place>\d{1,9})/(?P<part>result\.json|picture\.png|labels|objects))')
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-cache',
}
KINDS = {
    '.js': 'text/javascript',
    '.mjs': 'text/javascript',
    '.wasm': 'application/wasm',
    '.onnx': 'application/octet-stream',
}


def described(result: Result) -> dict[str, Any]:
    """Describe a result for the page; maps go apart, as bytes."""
    colours, classes = [list(colour) for colour in result.classes.colours], result.classes
    instances = result.instances
    return dict(
        name=result.name,
        task=result.task,
        height=result.size[0],
        width=result.size[1],
        classes=list(classes.names),
        palette=colours,
        things=sorted(classes.things),
        objects=[_object(one) for one in result.objects],
        instances=None if instances is None else [_object(one) for one in instances],
    )


def _object(one: Instance | Segment) -> dict[str, Any]:
    found = dict(label=one.label, name=one.name, area=one.area, box=one.box, centre=one.centre, score=None)
    if isinstance(one, Instance):
        found.update(score=one.score, text=one.mask.to_coco()['counts'] if one.mask else '')
    return found


class PageHandler(http.server.SimpleHTTPRequestHandler):
    """Gives files, no lists of them, with a policy under which the page can ask nobody else."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, **KINDS}

    def __init__(self, *args: Any, results: ResultsFolder | None = None, **kwargs: Any) -> None:
        self.results = results
        super().__init__(*args, **kwargs)

    def end_headers(self) -> None:
        """Add the headers of every answer."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def send_head(self) -> Any:
        """Refuse other hosts' names: a page elsewhere whose name leads here must not read what is served."""
        name = (self.headers.get('Host') or '').rpartition(':')[0] or self.headers.get('Host')
        if name not in (HOST, 'localhost'):
            self.send_error(421, 'this server answers to localhost alone')
            return None
        asked = ASKED.fullmatch(self.path)
        if asked and self.results:
            return self._send_result(asked)
        try:
            return super().send_head()
        except ValueError:  # a null byte in the path
            self.send_error(404)
            return None

    def _send_result(self, asked: re.Match[str]) -> Any:
        """Send the list of the results, or a part of one of them."""
        assert self.results is not None
        if asked['place'] is None:
            return self._send(json.dumps(self.results.names).encode(), 'application/json')
        if int(asked['place']) >= len(self.results):
            self.send_error(404)
            return None
        try:
            content, kind = self._part(self.results, int(asked['place']), asked['part'])
        except (ValueError, MemoryError) as error:
            content, kind = json.dumps(dict(problem=' '.join(str(error).split()))).encode(), 'application/json'
        return self._send(content, kind)

    def _part(self, results: ResultsFolder, place: int, part: str) -> tuple[bytes, str]:
        if part == 'picture.png':
            picture = results.picture(place)
            blank = np.zeros((*results.result(place).size, 3), np.uint8) if picture is None else picture
            return png(blank), 'image/png'
        result = results.result(place)
        if part == 'result.json':
            return json.dumps(described(result)).encode(), 'application/json'
        if part == 'objects':
            return object_map(result, result.size).astype('<i4').tobytes(), 'application/octet-stream'
        labels = np.full(result.size, -1) if result.labels is None else result.labels
        return labels.astype('<i4').tobytes(), 'application/octet-stream'

    def _send(self, content: bytes, kind: str) -> io.BytesIO:
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        return io.BytesIO(content)

    def list_directory(self, path: Any) -> None:
        """Give no list."""
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        """Say nothing of requests."""


class PageServer(http.server.ThreadingHTTPServer):
    """A server to which it is nothing special that a browser hangs up."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in one line what went wrong.

        Args:
            request: The connection.
            client_address: Where it came from.
        """
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            print(f'{NAME}: an answer failed: {" ".join(str(error).split())} ({type(error).__name__})', file=sys.stderr)


def make_server(folder: str | Path, port: int = PORT, results: ResultsFolder | None = None) -> PageServer:
    """Make the server; ``serve_forever`` starts it.

    Args:
        folder: The built page.
        port: Port on this machine; 0 for any that is free.
        results: Results for the page to show.

    Raises:
        FileNotFoundError: If the folder holds no built page.
        OSError: If the port is taken.
    """
    folder = Path(folder)
    for name in ('index.html', 'ort/ort.wasm.min.mjs', 'models/index.json'):
        if not (folder / name).is_file():
            raise FileNotFoundError(f'{folder} holds no built page, {name} is missing; build it: bash web/build.sh')
    try:
        handler = partial(PageHandler, directory=str(folder), results=results)
        return PageServer((HOST, port), handler)
    except (OSError, OverflowError) as error:
        raise OSError(
            f'port {port}: {str(getattr(error, "strerror", None) or error).rstrip(".")}; name another one with --port'
        ) from None


def serve(folder: str | Path, port: int = PORT, show: bool = False, results: ResultsFolder | None = None) -> None:
    """Serve the page until CTRL-C.

    Args:
        folder: The built page.
        port: Port on this machine.
        show: Open it in the browser.
        results: Results for the page to show.
    """
    with make_server(folder, port, results) as server:
        address = f'http://localhost:{server.server_address[1]}/{"?results" if results else ""}'
        print(f'{address}   CTRL-C ends it', flush=True)
        if show:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(file=sys.stderr)


def _serve(args: argparse.Namespace) -> None:
    serve(args.folder, args.port, args.open, ResultsFolder(args.results) if args.results else None)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve a built page.

    Args:
        argv: Words of the command line; those of the process by default.
    """
    parser = Parser(
        prog='python -m mmmaskattn_runtime.page_server', description='Serve the built page on this machine.'
    )
    parser.add_argument('folder', help='the built page: web/dist')
    parser.add_argument('--port', type=int, default=PORT, help=f'port (default {PORT})')
    parser.add_argument('--results', metavar='DIR', help='results to show, which --out of a prediction has written')
    parser.add_argument('--open', action='store_true', help='open it in the browser')
    args = parser.parse_args(argv)
    ends_in_one_line(lambda: _serve(args), args.debug)


if __name__ == '__main__':
    main()
