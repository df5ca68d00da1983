"""Films that are killed again and again while their services have faults of their own."""

from __future__ import annotations

import random
import shutil
import tempfile
import traceback
from pathlib import Path
from typing import Any

from tests.kill.reel import (
    BUCKET,
    CHAIN,
    CHAT,
    ELSEWHERE,
    INLINE,
    RETRIES,
    SEEDLESS,
    SHORT,
    UNCUT,
    Reel,
    Tally,
    theatre,
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

_MOMENTS = 90
"""About as many acts as one of these films has."""


def rehearse(reel: Reel, dice: random.Random, most: int) -> None:
    """Kills a film again and again, up to `most` times, while things go wrong; then finishes it."""
    faults = [each for each in _FAULTS if CHAT not in reel.text or each not in _OUTCOMES]
    moments = dice.choice((_MOMENTS, _MOMENTS // 2, _MOMENTS // 5))
    for _ in range(most):
        for fault in dice.choices(faults, k=dice.choice((0, 0, 1, 1, 2))):
            reel.sim.world.faults.add(fault)
        if dice.random() < 0.5:
            code = reel.render(kill_after=dice.uniform(0, 1.2))
        else:
            code = reel.render(die_at=f"act/{dice.randint(1, moments)}")
        assert code in (-9, 0, 3, 4, 7), reel.told()  # 4: a key that was refused twice
        if reel.unknown and dice.random() < 0.8:
            reel.decide(lambda attempt, strays: mostly_true(reel, strays, dice))
        if code == 0:
            break
    reel.sim.world.faults.clear()
    reel.finish(lambda attempt, strays: mostly_true(reel, strays, dice))


def mostly_true(reel: Reel, strays: list[str], dice: random.Random) -> str:
    """What a person says: now and then a job that there is is given up."""
    if not strays:
        return "not-sent"
    billed = all(each.usd for each in reel.sim.world.bill.charges if each.operation in strays)
    return "lost" if billed and dice.random() < 0.1 else "adopt"


def work(seed: int, kills: int, told: Any) -> None:
    """Films until so many renders were killed; what was counted goes to the queue after each."""
    dice = random.Random(seed)
    done = 0
    expected: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="storyboard-kill-") as root, theatre() as (sim, zygote):
        number = 0
        while done < kills:
            number += 1
            if seeded := dice.random() < 0.7:
                text = dice.choice((INLINE, BUCKET)) + dice.choice(("", RETRIES))
            else:
                text = dice.choice((*ELSEWHERE, CHAT)) + dice.choice(("", RETRIES))
            text += (dice.choice((CHAIN, SHORT, SHORT)) if seeded else SEEDLESS) + UNCUT
            reel = Reel(Path(root) / f"film{number}", text, sim, zygote)
            try:
                if text not in expected:
                    quiet = Reel(Path(root) / f"quiet{number}", text, sim, zygote)
                    quiet.finish()
                    expected[text] = quiet.takes()
                    sim.world.reset()
                rehearse(reel, dice, 12)
                assert reel.takes() == expected[text], reel.told()
            except Exception:
                told.put((seed, number, reel.tally, traceback.format_exc()))
                keep = Path(tempfile.gettempdir()) / f"kill-{seed}-{number}"
                shutil.copytree(reel.folder, keep, dirs_exist_ok=True)
                done += max(1, reel.tally.kills)
                continue
            done += reel.tally.kills
            told.put((seed, number, reel.tally, ""))
    told.put((seed, 0, Tally(), ""))
