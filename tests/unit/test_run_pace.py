"""When a job is asked for: backing off, and when jobs like it were done before."""

from __future__ import annotations

from dataclasses import replace

from storyboard.run.executor.poll_schedule import PollSchedule, pad_delay
from storyboard.run.ledger.attempts import Attempt

JOB = Attempt("d", 1, "SH010", "SH010", "generate", "paid", "paper-1", False, run="now")


def test_polling_starts_when_the_quickest_job_of_its_model_was_done() -> None:
    pace = PollSchedule("now", 10.0)
    assert pace.choose_pause_s(JOB, 68.0, 13.0) == 13.0, "nothing is known yet"
    for going, done in ((69.0, 81.0), (67.0, 75.0), (78.0, 90.0)):
        pace.record_job_times(JOB, going, done)
    assert pace.choose_pause_s(JOB, 60.0, 13.0) == 10.5, "a quarter of the way from 69 to 75"
    assert pace.choose_pause_s(JOB, 70.5, 13.0) == 1.5
    assert pace.choose_pause_s(JOB, 40.0, 13.0) == 13.0, "it would not be done yet"
    assert pace.choose_pause_s(JOB, 76.0, 13.0) == 13.0, "it was, and this one is slower"


def test_jobs_of_equal_length_are_soon_polled_to_the_second() -> None:
    pace = PollSchedule("now", 10.0)
    late = []
    for _ in range(4):
        going = at = 0.0
        while at < 75.3:
            going = at
            at += pace.choose_pause_s(JOB, at, 13.0)
        pace.record_job_times(JOB, going, at)
        late.append(at - 75.3)
    assert late[0] > 2.5
    assert late[-1] < 0.5


def test_other_models_and_jobs_of_earlier_runs_teach_nothing() -> None:
    pace = PollSchedule("now", 10.0)
    pace.record_job_times(replace(JOB, run="before"), 1.0, 3.0)
    pace.record_job_times(replace(JOB, model="paper-2"), 25.0, 30.0)
    pace.record_job_times(replace(JOB, kind="extend"), 36.0, 40.0)
    assert pace.choose_pause_s(JOB, 20.0, 12.0) == 12.0
    assert pace.choose_pause_s(replace(JOB, kind="extend"), 30.0, 12.0) == 7.0


def test_only_the_last_jobs_count() -> None:
    pace = PollSchedule("now", 10.0)
    for done in (20.0, *[60.0] * 8):
        pace.record_job_times(JOB, done - 4.0, done)
    assert pace.choose_pause_s(JOB, 15.0, 12.0) == 12.0
    assert pace.choose_pause_s(JOB, 50.0, 12.0) == 7.0


def test_a_pause_that_a_service_names_is_never_cut_short() -> None:
    pauses = [pad_delay(8.0) for _ in range(200)]
    assert min(pauses) >= 8.0
    assert max(pauses) <= 9.2
    assert len(set(pauses)) > 100, "not all come back at once"
