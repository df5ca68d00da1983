"""When a job is asked for: backing off, and when jobs like it were done before."""

from __future__ import annotations

from dataclasses import replace

from storyboard.run.attempts import Attempt
from storyboard.run.following import _Pace

JOB = Attempt("d", 1, "SH010", "SH010", "generate", "paid", "paper-1", False, run="now")


def test_it_is_asked_for_when_the_quickest_of_its_model_was_done() -> None:
    pace = _Pace("now", 10.0)
    assert pace.until(JOB, 68.0, 13.0) == 13.0, "nothing is known yet"
    for took in (81.0, 75.0, 90.0):
        pace.learn(JOB, took)
    assert pace.until(JOB, 68.0, 13.0) == 7.0
    assert pace.until(JOB, 40.0, 13.0) == 13.0, "it would not be done yet"
    assert pace.until(JOB, 76.0, 13.0) == 13.0, "it was, and this one is slower"
    assert pace.until(JOB, 74.9, 13.0) == 1.0, "never in a rush"


def test_other_models_and_jobs_of_earlier_runs_teach_nothing() -> None:
    pace = _Pace("now", 10.0)
    pace.learn(replace(JOB, run="before"), 3.0)
    pace.learn(replace(JOB, model="paper-2"), 30.0)
    pace.learn(replace(JOB, kind="extend"), 40.0)
    assert pace.until(JOB, 20.0, 12.0) == 12.0
    assert pace.until(replace(JOB, kind="extend"), 30.0, 12.0) == 10.0


def test_only_the_last_jobs_count() -> None:
    pace = _Pace("now", 10.0)
    for took in (20.0, *[60.0] * 8):
        pace.learn(JOB, took)
    assert pace.until(JOB, 15.0, 12.0) == 12.0
    assert pace.until(JOB, 50.0, 12.0) == 10.0
