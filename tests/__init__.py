"""Tests hold the catalogue against one day, whatever the calendar says."""

import os

os.environ["STORYBOARD_TODAY"] = "2026-11-30"
