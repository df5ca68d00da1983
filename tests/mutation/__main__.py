"""`make mutate`: `python -m tests.mutation storyboards|media COUNT SEED`."""

from __future__ import annotations

import sys

from tests.mutation.storyboards import run_storyboards


def main() -> int:
    """Prints the figures; 1 where something ended in a traceback or was not told."""
    kind, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if kind == "media":
        from tests.mutation.media import run_media

        media = run_media(count, seed)
        print(media.describe())
        return 1 if media.is_broken else 0
    tally = run_storyboards(count, seed)
    print(tally.describe())
    return 1 if tally.tracebacks or tally.slow else 0


if __name__ == "__main__":
    sys.exit(main())
