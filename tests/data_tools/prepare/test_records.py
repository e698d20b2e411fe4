"""Records survive the death of their writer, and only whole and true ones are trusted."""

from __future__ import annotations

from pathlib import Path

from mmmaskattn.data_tools.prepare.records import RecordStore


def always(_: dict) -> bool:
    return True


def test_records_are_found_again(tmp_path: Path):
    path = tmp_path / 'state/records.jsonl'
    with RecordStore(path, always) as store:
        store.add({'name': 'b', 'value': [1, 2]})
        store.add({'name': 'a', 'value': 'é'})
        assert store.get('b') == {'name': 'b', 'value': [1, 2]}
    with RecordStore(path, always) as store:
        assert ('a' in store, 'b' in store, 'c' in store) == (True, True, False)
        assert store.get('a')['value'] == 'é'


def test_a_half_written_line_is_cut_off_and_the_next_one_is_whole(tmp_path: Path):
    path = tmp_path / 'records.jsonl'
    path.write_bytes(b'{"name": "a", "value": 1}\n{"name": "b", "val')
    with RecordStore(path, always) as store:
        assert 'b' not in store
        store.add({'name': 'c', 'value': 3})
    with RecordStore(path, always) as store:
        assert (store.get('a')['value'], store.get('c')['value']) == (1, 3)
    assert path.read_bytes().count(b'\n') == 2


def test_a_line_that_only_lacks_its_end_is_not_trusted(tmp_path: Path):
    path = tmp_path / 'records.jsonl'
    path.write_bytes(b'{"name": "a"}')
    with RecordStore(path, always) as store:
        assert 'a' not in store


def test_damage_in_the_middle_costs_only_its_line(tmp_path: Path):
    path = tmp_path / 'records.jsonl'
    path.write_bytes(b'{"name": "a"}\n\x00\x00\x00\n[1]\n{"name": "b"}\n')
    with RecordStore(path, always) as store:
        assert 'a' in store
        assert store.get('b') == {'name': 'b'}


def test_untrue_records_are_passed_over_and_the_newer_one_counts(tmp_path: Path):
    path = tmp_path / 'records.jsonl'
    with RecordStore(path, always) as store:
        store.add({'name': 'a', 'value': 1})
    with RecordStore(path, lambda record: record['value'] > 1) as store:
        assert 'a' not in store
        store.add({'name': 'a', 'value': 2})
    with RecordStore(path, always) as store:
        assert store.get('a')['value'] == 2
