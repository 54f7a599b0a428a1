"""Fixtures of the tool's tests."""

import pytest

from support.supervised import Supervised


@pytest.fixture
def supervised(beats):
    """`supervised(flags, *command)` starts `heartbeat run --name p`; what is left is killed at the end."""
    started = Supervised(beats)
    yield started
    started.close()
