"""The page of web/ in headless Chromium: what it needs, its build from drawn models, and its driving."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmmaskattn.apis.timing.browser import WEB, find_chromium
from mmmaskattn_runtime.page_server import make_server
from mmmaskattn_runtime.reading import ResultsFolder


def missing() -> str:
    """Why the page cannot be tested here, with how to get what is missing; empty if it can."""
    try:
        find_chromium()
    except FileNotFoundError as error:
        return str(error)
    return ''


def build(folder: Path) -> Path:
    """Build the page with the models that lie in ``models`` of the folder."""
    done = subprocess.run(['node', WEB / 'build.mjs', folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@contextlib.contextmanager
def served(folder: Path, results: ResultsFolder | None = None) -> Iterator[str]:
    """Serve a built page; gives its address."""
    with make_server(folder, 0, results) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f'http://localhost:{server.server_address[1]}/'
        server.shutdown()
        thread.join()


def drive(folder: Path, url: str, steps: list[list[Any]], **options: Any) -> dict[str, Any]:
    """Run steps of web/test/drive.mjs; gives answers, requests, errors and what the page says at the end."""
    job = folder / 'job.json'
    job.write_text(json.dumps(dict(url=url, chromium=find_chromium(), folder=str(folder), steps=steps, **options)))
    words = ['node', str(WEB / 'test/drive.mjs'), str(job)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said['problem'] is None, said
    return said
