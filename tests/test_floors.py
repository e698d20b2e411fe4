"""The rooms of the package stand on floors: nothing imports from a floor above its own."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / 'mmmaskattn'
FLOORS = ('utils', 'models', 'datasets', 'evaluation', 'visualization', 'data_tools', 'analysis', 'engine', 'apis')
GROUND = ('registry', 'version')  # for all


def rooms_imported(path: Path) -> set[str]:
    """Rooms of the package that a file imports from, at its top or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} if node.module != 'mmmaskattn' else {f'mmmaskattn.{one.name}' for one in node.names}
        elif isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
    return {name.split('.')[1] for name in names if name.startswith('mmmaskattn.')}


def test_every_room_has_a_floor():
    assert {path.name for path in PACKAGE.iterdir() if (path / '__init__.py').exists()} == set(FLOORS)


def test_no_room_imports_from_a_floor_above():
    upward = [
        f'{path.relative_to(PACKAGE)} -> {room}'
        for floor, name in enumerate(FLOORS)
        for path in sorted((PACKAGE / name).rglob('*.py'))
        for room in rooms_imported(path)
        if room not in FLOORS[: floor + 1] + GROUND
    ]
    assert not upward


def test_no_room_is_crowded():
    folders = [path for path in PACKAGE.rglob('*') if path.is_dir() and '.mim' not in path.parts]
    crowded = {str(one): len(list(one.glob('[!_]*.py'))) for one in folders}
    assert {one: number for one, number in crowded.items() if number > 15} == {}
