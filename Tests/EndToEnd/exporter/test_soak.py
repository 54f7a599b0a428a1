"""A short soak; scripts/soak does ten minutes."""

import random

import pytest

from support.soak import Soak


@pytest.mark.shipped  # a sanitizer keeps freed memory back
def test_random_requests_and_files_give_no_wrong_answer_and_no_growth(tmp_path):
    soak = Soak(tmp_path, seed=random.randrange(2**31))
    try:
        soak.run(10)
    finally:
        if soak.exporter.process.poll() is None:
            soak.exporter.process.kill()
            soak.exporter.process.wait()
