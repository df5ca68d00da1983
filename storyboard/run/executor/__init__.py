"""Runs a plan.

`executor` runs each step as soon as its parents are done. `step_runner` decides which takes of a
step are missing and asks for them with one `TakeRequest`. `take_maker` makes them with `submitter`,
`poller`, `downloader` and `ingest`, in this order: each returns what the next one needs, and none
calls back.
"""
