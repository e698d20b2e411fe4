"""Serves the built page of ``web/`` on this machine alone: ``python -m mmmaskattn_runtime.page_server FOLDER``."""

from __future__ import annotations

import http.server
import sys
import webbrowser
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mmmaskattn_runtime.console import Parser, ends_in_one_line

HOST, PORT = '127.0.0.1', 8000
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


class PageHandler(http.server.SimpleHTTPRequestHandler):
    """Gives files, no lists of them, with a policy under which the page can ask nobody else."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, **KINDS}

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
        return super().send_head()

    def list_directory(self, path: Any) -> None:
        """Give no list."""
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        """Say nothing of requests."""


def make_server(folder: str | Path, port: int = PORT) -> http.server.ThreadingHTTPServer:
    """Make the server; ``serve_forever`` starts it.

    Args:
        folder: The built page.
        port: Port on this machine; 0 for any that is free.

    Raises:
        FileNotFoundError: If the folder holds no built page.
        OSError: If the port is taken.
    """
    folder = Path(folder)
    for name in ('index.html', 'ort/ort.wasm.min.mjs', 'models/index.json'):
        if not (folder / name).is_file():
            raise FileNotFoundError(f'{folder} holds no built page, {name} is missing; build it: bash web/build.sh')
    try:
        return http.server.ThreadingHTTPServer((HOST, port), partial(PageHandler, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise OSError(
            f'port {port}: {getattr(error, "strerror", None) or error}; name another one with --port'
        ) from None


def serve(folder: str | Path, port: int = PORT, show: bool = False) -> None:
    """Serve the page until CTRL-C.

    Args:
        folder: The built page.
        port: Port on this machine.
        show: Open it in the browser.
    """
    with make_server(folder, port) as server:
        address = f'http://localhost:{server.server_address[1]}/'
        print(f'{address}   CTRL-C ends it', flush=True)
        if show:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(file=sys.stderr)


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
    parser.add_argument('--open', action='store_true', help='open it in the browser')
    args = parser.parse_args(argv)
    ends_in_one_line(lambda: serve(args.folder, args.port, args.open), args.debug)


if __name__ == '__main__':
    main()
