"""Tables in Markdown."""

from __future__ import annotations


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table with aligned columns; the first column to the left, the others to the right.

    Args:
        header: Column titles.
        rows: Cells as text, each row as long as ``header``.
    """
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def _line(cells: list[str]) -> str:
        aligned = [cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(cells, widths))]
        return '| ' + ' | '.join(aligned) + ' |'

    rule = '|' + '|'.join('-' * (w + 1) + (':' if i else '-') for i, w in enumerate(widths)) + '|'
    return '\n'.join([_line(header), rule, *(_line(row) for row in rows)])
