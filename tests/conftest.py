"""What all tests share."""

import logging

import pytest


@pytest.fixture(autouse=True)
def _logging_stays_on():
    """The tools quieten logging for their whole process; a test that calls one must not silence the next test."""
    yield
    logging.disable(logging.NOTSET)
