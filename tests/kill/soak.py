"""Films that are killed again and again while their services have faults of their own."""

from __future__ import annotations

import random
import shutil
import tempfile
import traceback
from pathlib import Path
from typing import Any

from tests.kill.scenarios import (
    BUCKET,
    CHAIN,
    CHAT,
    INLINE,
    OTHER_ROUTES,
    RETRIES,
    SEEDLESS,
    SHORT,
    UNRENDERED_SHOT,
    KilledFilm,
    Tally,
    start_harness,
)

_FAULTS = (
    "drop_after",
    "drop_before",
    "rate_limit=0.05",
    "server_error@submit",
    "server_error@poll",
    "slow=0.15@submit",
    "slow=0.1@poll",
    "filtered",
    "failed",
    "partial",
    "truncated",
    "html",
    "strange",
    "strange=hollow",
    "not_found@download",
    "not_found=page@download",
    "redirect=gone",
    "expired_token",
)
_OUTCOMES = ("filtered", "failed", "partial")
"""What a chat is counted as charged for, though the simulator bills none of it."""

_ACT_COUNT = 90
"""About as many acts as one of these films has."""


def kill_repeatedly(film: KilledFilm, dice: random.Random, max_renders: int) -> None:
    """Kills a film again and again, `max_renders` times at most, amid faults; then finishes it."""
    faults = [name for name in _FAULTS if CHAT not in film.text or name not in _OUTCOMES]
    act_count = dice.choice((_ACT_COUNT, _ACT_COUNT // 2, _ACT_COUNT // 5))
    for _ in range(max_renders):
        for fault in dice.choices(faults, k=dice.choice((0, 0, 1, 1, 2))):
            film.simulator.world.faults.add(fault)
        if dice.random() < 0.5:
            code = film.render(kill_after=dice.uniform(0, 1.2))
        else:
            code = film.render(die_at=f"act/{dice.randint(1, act_count)}")
        assert code in (-9, 0, 3, 4, 7), film.describe_state()  # 4: a key that was refused twice
        if film.unknown_attempts and dice.random() < 0.8:
            film.resolve_unknown(lambda attempt, strays: choose_mostly_true(film, strays, dice))
        if code == 0:
            break
    film.simulator.world.faults.clear()
    film.render_to_end(lambda attempt, strays: choose_mostly_true(film, strays, dice))


def choose_mostly_true(film: KilledFilm, strays: list[str], dice: random.Random) -> str:
    """What a person says: now and then a job that there is is given up."""
    if not strays:
        return "not-sent"
    billed = all(
        charge.usd for charge in film.simulator.world.bill.charges if charge.operation in strays
    )
    return "lost" if billed and dice.random() < 0.1 else "adopt"


def run_worker(seed: int, kills: int, reports: Any) -> None:
    """Films until so many renders were killed; what was counted goes to the queue after each."""
    dice = random.Random(seed)
    kill_count = 0
    expected: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory(prefix="storyboard-kill-") as root,
        start_harness() as (simulator, zygote),
    ):
        number = 0
        while kill_count < kills:
            number += 1
            if seeded := dice.random() < 0.7:
                text = dice.choice((INLINE, BUCKET)) + dice.choice(("", RETRIES))
            else:
                text = dice.choice((*OTHER_ROUTES, CHAT)) + dice.choice(("", RETRIES))
            text += (dice.choice((CHAIN, SHORT, SHORT)) if seeded else SEEDLESS) + UNRENDERED_SHOT
            film = KilledFilm(Path(root) / f"film{number}", text, simulator, zygote)
            try:
                if text not in expected:
                    undisturbed = KilledFilm(Path(root) / f"quiet{number}", text, simulator, zygote)
                    undisturbed.render_to_end()
                    expected[text] = undisturbed.read_takes()
                    simulator.world.reset()
                kill_repeatedly(film, dice, 12)
                assert film.read_takes() == expected[text], film.describe_state()
            except Exception:
                reports.put((seed, number, film.tally, traceback.format_exc()))
                kept_folder = Path(tempfile.gettempdir()) / f"kill-{seed}-{number}"
                shutil.copytree(film.folder, kept_folder, dirs_exist_ok=True)
                kill_count += max(1, film.tally.kills)
                continue
            kill_count += film.tally.kills
            reports.put((seed, number, film.tally, ""))
    reports.put((seed, 0, Tally(), ""))
