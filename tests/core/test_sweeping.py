"""What fails in background work fails alone; the end of the worker's time ends the run."""

import logging

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from core.sweeping import each, failing_alone


def test_what_fails_is_logged_and_keeps_no_other_from_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    done = []
    with caplog.at_level(logging.ERROR):
        for number in range(4):
            with failing_alone("Row %s was left", number):
                done.append(6 // (number - 1))
    assert done == [-6, 6, 3]
    assert [record.getMessage() for record in caplog.records] == ["Row 1 was left"]


def test_the_end_of_the_worker_s_time_is_no_failure_of_a_row(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SoftTimeLimitExceeded), failing_alone("Row %s was left", 1):
        raise SoftTimeLimitExceeded
    assert not caplog.records


def test_rows_that_always_fail_keep_none_behind_them_from_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    def act(key: int) -> bool:
        if key < 2_000:
            raise ValueError
        return key % 2 == 0

    with caplog.at_level(logging.ERROR):
        assert each("Row %s was left", range(2_004), act) == 2
    assert len(caplog.records) == 2_000
