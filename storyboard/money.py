"""Money: whole micro-dollars inside, decimals at the edges."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

_MICROS = 1_000_000
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]*)?|\.[0-9]+")


def micros_to_usd(micros: int) -> float:
    """Micro-dollars as the decimal that JSON shows; `usd_to_micros` gives the same amount back."""
    return micros / _MICROS


def usd_to_micros(usd: float | str) -> int:
    """Dollars as whole micro-dollars."""
    return round(float(usd) * _MICROS)


def format_usd(micros: int) -> str:
    """`$3.20`; more digits only where they matter."""
    text = f"{micros / _MICROS:.2f}"
    if micros % 10_000:
        text = f"{micros / _MICROS:.6f}".rstrip("0")
    return f"${text}"


def format_decimal_usd(micros: int) -> str:
    """Dollars as a decimal: `3.20`, with more digits only where they matter."""
    value = Decimal(micros) / _MICROS
    return str(value.quantize(Decimal("0.01")) if micros % 10_000 == 0 else value.normalize())


def parse_usd_micros(text: str) -> int:
    """Micro-dollars of a plain decimal such as `12.50`; ValueError for what is no amount."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError(text)
    return int(Fraction(text) * _MICROS)
