"""For the site: links that leave docs/ for files of the repository become the files' names."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r'\[([^\]]+)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)')


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Rewrite the links of a page; mkdocs calls this.

    Args:
        markdown: The page's text.
        page: mkdocs's page.

    Returns:
        The text, in which links to files outside ``docs/`` that exist are names. Others stay, so that mkdocs finds
        the dead ones.
    """
    folder = posixpath.dirname(page.file.src_uri)

    def name_of(found: re.Match) -> str:
        """One link."""
        target = posixpath.normpath(posixpath.join('docs', folder, found[2]))
        outside = not target.startswith('docs/') and (ROOT / target).exists()
        return f'{found[1]} (`{target}`)' if outside else found[0]

    return _LINK.sub(name_of, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Leave out the colons by which docstrings announce a block of code; mkdocs calls this.

    Args:
        html: A page's content.

    Returns:
        The same without them.
    """
    return html.replace('<p>::</p>', '').replace('::</p>', ':</p>')
