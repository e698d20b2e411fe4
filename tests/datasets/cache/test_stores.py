"""Records, and the two places where they are kept."""

from __future__ import annotations

import multiprocessing
import os
import pickle

import numpy as np
import pytest

from mmmaskattn.datasets.cache.record import pack_record, unpack_record
from mmmaskattn.datasets.cache.stores import FolderStore, MemoryStore


def sample(index, **more):
    return dict(sample_idx=index, **more)


def test_a_record_gives_back_what_was_packed():
    values = dict(
        img=np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::-1],
        gt_id_map=np.array([[0, 300], [70_000, -1]], np.int32),
        small=np.array([[5, 7]], np.int64),
        points=np.array([0.1, np.inf], np.float32),
        none=np.zeros((0, 2), np.float32),
        ori_shape=(480, 640),
        segments=[dict(id=3, label=1, isthing=True), dict(id=1 << 40, label=255, isthing=False)],
        scale=0.1 + 0.2,
        nothing=None,
    )
    found = unpack_record(bytearray(pack_record(values)))
    assert list(found) == list(values)
    for key, value in values.items():
        if isinstance(value, np.ndarray):
            assert (found[key].dtype, found[key].shape) == (value.dtype, value.shape)
            assert found[key].tobytes() == value.tobytes()
            found[key][...] = 0  # later steps may write into it
        else:
            assert found[key] == value
            assert type(found[key]) is type(value)
    assert len(pack_record(dict(ids=np.zeros((100, 100), np.int32)))) < 11_000, 'stored as bytes'


@pytest.mark.parametrize('value', [object(), {1: 2}, np.array([object()]), [set()]])
def test_what_cannot_be_stored_is_named(value):
    with pytest.raises(TypeError, match=r'strange: .*cannot store'):
        pack_record(dict(strange=value))


def fill(store, begin):
    for index in range(begin, 200, 2):
        store.put(sample(index), 1, str(index).encode() * 1000)


def test_memory_is_shared_by_processes_that_write_at_once():
    store = MemoryStore(200, 2, limit=1 << 30)
    context = multiprocessing.get_context('fork')
    writers = [context.Process(target=fill, args=(store, begin)) for begin in (0, 1, 0)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    joined = MemoryStore(200, 2, limit=1 << 30, path=store.path)  # as another process of a group does
    spawned = pickle.loads(pickle.dumps(store))  # as a spawned worker does
    for one in (store, joined, spawned):
        assert all(one.get(sample(index), 1) == str(index).encode() * 1000 for index in range(200))
        assert one.get(sample(5), 0) is None
    spawned.put(sample(5), 0, b'late')
    assert store.get(sample(5), 0) == b'late'


def test_memory_ends_at_its_limit_and_goes_with_its_processes():
    store = MemoryStore(10, 1, limit=10_000)
    for index in range(10):
        store.put(sample(index), 0, bytes(3000))
    assert [store.get(sample(index), 0) is not None for index in range(10)] == [True] * 3 + [False] * 7
    path = store.path
    assert os.stat(path).st_nlink == 0, 'it has no name that could be left behind'
    del store
    assert not os.path.exists(path)


def test_a_folder_outlives_its_store_and_is_whole(tmp_path):
    image = tmp_path / 'a.png'
    image.write_bytes(b'one')
    given = sample(3, img_path=str(image), instances=[dict(mask=[1, 2])])
    FolderStore(tmp_path / 'cache', 'steps').put(given, 1, b'record')
    again = FolderStore(tmp_path / 'cache', 'steps')
    assert again.get(sample(0, img_path=str(image), instances=[dict(mask=[1, 2])]), 1) == b'record'
    assert again.get(sample(1, img_path=str(image), instances=[dict(mask=[1, 3])]), 1) is None, 'another truth'
    assert FolderStore(tmp_path / 'cache', 'other steps').get(given, 1) is None
    (file,) = [path for path in (tmp_path / 'cache').rglob('*') if path.is_file()]
    file.write_bytes(file.read_bytes()[:-1] + b'?')
    assert again.get(given, 1) is None, 'spoilt'
    again.put(given, 1, b'record')
    assert again.get(given, 1) == b'record'
    image.write_bytes(b'another')
    assert FolderStore(tmp_path / 'cache', 'steps').get(given, 1) is None, 'the image has changed'
