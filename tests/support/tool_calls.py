"""A Python tool of ours run in this process: for what need not be a process of its own, whose imports take seconds."""

from __future__ import annotations

import io
import os
import runpy
import sys
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]


def call_tool(tool: str, *arguments: object, cwd: Path | None = None, **variables: str) -> CompletedProcess:
    """Run ``tools/<tool>`` as its script would be, from a folder, with environment variables.

    Returns:
        Exit status and what was printed, as ``subprocess.run`` gives them.
    """
    out, err, words = io.StringIO(), io.StringIO(), [str(ROOT / 'tools' / tool), *map(str, arguments)]
    before = Path.cwd()
    with (
        mock.patch.object(sys, 'argv', words),
        mock.patch.dict(os.environ, variables),
        warnings.catch_warnings(),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        os.chdir(cwd or before)
        try:
            status = _run(words[0])
        finally:
            os.chdir(before)
    return CompletedProcess(words, status, out.getvalue(), err.getvalue())


def _run(script: str) -> int:
    """The exit status that Python would give."""
    try:
        runpy.run_path(script, run_name='__main__')
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except Exception:
        traceback.print_exc()
        return 1
    return 0
