"""The Veo models as their two services offer them, from what Google publishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

_USD = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class VeoModel:
    """What one model supports on one service."""

    id: str
    retired_on: str = ""
    """ISO date since when it is retired; empty while it is live."""
    durations: tuple[int, ...] = (8, 4, 6)
    """Seconds of new material, in the order in which Vertex lists them."""
    resolutions: tuple[str, ...] = ("720p", "1080p", "4k")
    portrait: tuple[str, ...] = ("720p", "1080p", "4k")
    """The resolutions that it makes in 9:16."""
    references: int = 3
    last_frame: bool = True
    extends: bool = True
    people: tuple[str, ...] = ()
    """Values of `personGeneration` on the Gemini API, if they don't depend on the operation."""
    has_sound: bool = True
    usd: _USD = field(default_factory=dict)
    """Per second, by resolution, with sound."""
    usd_silent: _USD = field(default_factory=dict)
    """The same without sound; empty if sound can't be turned off."""

    def compute_second_price_usd(self, resolution: str, has_sound: bool) -> Decimal:
        """US dollars per second of one sample."""
        table = self.usd if has_sound or not self.usd_silent else self.usd_silent
        return table.get(resolution, Decimal(0))


def _map_prices_to_resolutions(*usd_prices: str) -> _USD:
    return dict(zip(("720p", "1080p", "4k"), map(Decimal, usd_prices), strict=False))


_FULL = (
    _map_prices_to_resolutions("0.40", "0.40", "0.60"),
    _map_prices_to_resolutions("0.20", "0.20", "0.40"),
)
_FAST = (
    _map_prices_to_resolutions("0.10", "0.12", "0.30"),
    _map_prices_to_resolutions("0.08", "0.10", "0.25"),
)
_LITE = (_map_prices_to_resolutions("0.05", "0.08"), _map_prices_to_resolutions("0.03", "0.05"))
_HD = ("720p", "1080p")


def _build_veo_3_0(model_id: str, prices: tuple[_USD, _USD], on_gemini: bool) -> VeoModel:
    return VeoModel(
        model_id,
        retired_on="2026-06-30",
        resolutions=_HD,
        portrait=("720p",),
        references=0,
        last_frame=False,
        extends=False,
        usd=prices[0],
        usd_silent={} if on_gemini else prices[1],
    )


def _build_veo_2_0(usd_per_second: str, last_frame: bool) -> VeoModel:
    return VeoModel(
        "veo-2.0-generate-001",
        retired_on="2026-06-30",
        durations=(5, 6, 7, 8),
        resolutions=("720p",),
        references=0,
        last_frame=last_frame,
        extends=False,
        people=("dont_allow", "allow_adult", "allow_all"),
        has_sound=False,
        usd=_map_prices_to_resolutions(usd_per_second),
    )


VERTEX = {
    model.id: model
    for model in (
        VeoModel("veo-3.1-generate-001", usd=_FULL[0], usd_silent=_FULL[1]),
        VeoModel("veo-3.1-fast-generate-001", usd=_FAST[0], usd_silent=_FAST[1]),
        VeoModel(
            "veo-3.1-lite-generate-001",
            resolutions=_HD,
            references=0,
            usd=_LITE[0],
            usd_silent=_LITE[1],
        ),
        VeoModel("veo-3.1-generate-preview", retired_on="2026-04-02"),
        VeoModel("veo-3.1-fast-generate-preview", retired_on="2026-04-02"),
        _build_veo_3_0("veo-3.0-generate-001", _FULL, on_gemini=False),
        _build_veo_3_0("veo-3.0-fast-generate-001", _FAST, on_gemini=False),
        _build_veo_2_0("0.50", last_frame=True),
    )
}
"""By id, on Vertex AI."""

GEMINI = {
    model.id: model
    for model in (
        VeoModel("veo-3.1-generate-preview", "2026-10-22", usd=_FULL[0]),
        VeoModel("veo-3.1-fast-generate-preview", "2026-10-22", usd=_FAST[0]),
        VeoModel(
            "veo-3.1-lite-generate-preview",
            "2026-10-22",
            resolutions=_HD,
            references=0,
            last_frame=False,
            extends=False,
            usd=_LITE[0],
        ),
        _build_veo_3_0("veo-3.0-generate-001", _FULL, on_gemini=True),
        _build_veo_3_0("veo-3.0-fast-generate-001", _FAST, on_gemini=True),
        _build_veo_2_0("0.35", last_frame=False),
    )
}
"""By id, on the Gemini API: all of them retired, which a rehearsal may ignore."""
REHEARSED = frozenset(name for name, model in GEMINI.items() if "3.1" in name)
"""Retired ids that are answered unless the setting `retired` is on."""
