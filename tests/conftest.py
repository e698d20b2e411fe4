"""What all tests share."""

import gc
import logging

import pytest


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
