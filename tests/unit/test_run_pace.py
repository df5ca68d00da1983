"""When a job is asked for: backing off, and when jobs like it were done before."""

from __future__ import annotations

from dataclasses import replace

from storyboard.run.attempts import Attempt
from storyboard.run.following import _Pace, later

JOB = Attempt("d", 1, "SH010", "SH010", "generate", "paid", "paper-1", False, run="now")


def test_it_is_asked_for_when_the_quickest_of_its_model_was_done() -> None:
    pace = _Pace("now", 10.0)
    assert pace.until(JOB, 68.0, 13.0) == 13.0, "nothing is known yet"
    for going, done in ((69.0, 81.0), (67.0, 75.0), (78.0, 90.0)):
        pace.learn(JOB, going, done)
    assert pace.until(JOB, 60.0, 13.0) == 10.5, "a quarter of the way from 69 to 75"
    assert pace.until(JOB, 70.5, 13.0) == 1.5
    assert pace.until(JOB, 40.0, 13.0) == 13.0, "it would not be done yet"
    assert pace.until(JOB, 76.0, 13.0) == 13.0, "it was, and this one is slower"


def test_jobs_that_take_equally_long_are_soon_asked_for_to_the_second() -> None:
    pace = _Pace("now", 10.0)
    late = []
    for _ in range(4):
        going = at = 0.0
        while at < 75.3:
            going = at
            at += pace.until(JOB, at, 13.0)
        pace.learn(JOB, going, at)
        late.append(at - 75.3)
    assert late[0] > 2.5
    assert late[-1] < 0.5


def test_other_models_and_jobs_of_earlier_runs_teach_nothing() -> None:
    pace = _Pace("now", 10.0)
    pace.learn(replace(JOB, run="before"), 1.0, 3.0)
    pace.learn(replace(JOB, model="paper-2"), 25.0, 30.0)
    pace.learn(replace(JOB, kind="extend"), 36.0, 40.0)
    assert pace.until(JOB, 20.0, 12.0) == 12.0
    assert pace.until(replace(JOB, kind="extend"), 30.0, 12.0) == 7.0


def test_only_the_last_jobs_count() -> None:
    pace = _Pace("now", 10.0)
    for done in (20.0, *[60.0] * 8):
        pace.learn(JOB, done - 4.0, done)
    assert pace.until(JOB, 15.0, 12.0) == 12.0
    assert pace.until(JOB, 50.0, 12.0) == 7.0


def test_a_pause_that_a_service_names_is_never_cut_short() -> None:
    pauses = [later(8.0) for _ in range(200)]
    assert min(pauses) >= 8.0
    assert max(pauses) <= 9.2
    assert len(set(pauses)) > 100, "not all come back at once"
