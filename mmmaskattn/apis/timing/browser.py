"""Exported files timed in the page of ``web/``, in headless Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmmaskattn_runtime.page_server import make_server

WEB = Path(__file__).resolve().parents[3] / 'web'
HOW = 'apt-get install nodejs npm chromium; (cd web && npm ci)'
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')


def find_chromium() -> str:
    """The browser.

    Raises:
        FileNotFoundError: If there is none, or no Node, or none of its packages that drive it.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    there = dict(Chromium=found, Node=shutil.which('node'), playwright=(WEB / 'node_modules/playwright-core').is_dir())
    absent = [name for name, one in there.items() if not one]
    if absent or found is None:
        raise FileNotFoundError(f'the browser: {" and ".join(absent)} missing: {HOW}')
    return found


def time_in_browser(files: Sequence[str | Path], page: str | Path, picture: str, rounds: int) -> list[dict[str, Any]]:
    """Time files in the browser, one thread of WebAssembly, in turn.

    Args:
        files: Exported files.
        page: The built page.
        picture: Path of the picture.
        rounds: Timed predictions of each.

    Returns:
        Of each file: ``objects``, and lists of milliseconds ``decode``, ``network``, ``result``.

    Raises:
        FileNotFoundError: If the page, Chromium or Node is missing.
        RuntimeError: If the browser fails.
    """
    browser = find_chromium()
    with tempfile.TemporaryDirectory() as folder:
        names = _lay_out(Path(page), Path(folder), files)
        with make_server(folder, 0) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                url = f'http://localhost:{server.server_address[1]}/'
                words = ['node', str(WEB / 'test/latency.mjs'), '--json', '--url', url, '--chromium', browser]
                words += ['--picture', picture, '--repeats', str(rounds), *names]
                done = subprocess.run(words, capture_output=True, text=True, check=False)
            finally:
                server.shutdown()
                thread.join()
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ['no word']
        raise RuntimeError(f'the browser: {next((line for line in lines if "Error" in line), lines[-1])[:200]}')
    return json.loads(done.stdout)


def _lay_out(page: Path, folder: Path, files: Sequence[str | Path]) -> list[str]:
    """The page with other models, by links; gives their names there."""
    if not (page / 'models/index.json').is_file():
        raise FileNotFoundError(f'{page} holds no built page; build it: bash web/build.sh')
    (folder / 'models').mkdir()
    shutil.copy(page / 'models/index.json', folder / 'models')
    for one in page.iterdir():
        if one.name != 'models':
            (folder / one.name).symlink_to(one.resolve())
    names = [f'{number}_{Path(file).name}' for number, file in enumerate(files)]
    for name, file in zip(names, files):
        (folder / 'models' / name).symlink_to(Path(file).resolve())
    return names
