"""What all tests share."""

import gc
import logging

import pytest
from mmengine.registry import DefaultScope


def pytest_collection_modifyitems(items):
    """Files with slow tests come first: begun last, they leave all processes but one without work."""
    slow = {item.path for item in items if item.get_closest_marker('slow')}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def _logging_stays_on():
    """The tools quieten logging for their whole process; a test that calls one must not silence the next test."""
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True, scope='module')
def _what_is_there_is_set_apart():
    """mmengine collects garbage whenever it builds a data set: seconds over all that earlier files left alive."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope='module')
def _no_scope_is_left_over():
    """mmengine keeps the scope that was set last for the whole process; each file begins as if it were alone."""
    DefaultScope._instance_dict.clear()
