"""Language codes of media files: three letters, and some languages have two spellings."""

from __future__ import annotations

_CODES = """
ab abk|af afr|am amh|ar ara|as asm|az aze|be bel|bg bul|bn ben|bo bod tib|br bre|bs bos|ca cat
cs ces cze|cy cym wel|da dan|de deu ger|el ell gre|en eng|eo epo|es spa|et est|eu eus baq|fa fas per
fi fin|fo fao|fr fra fre|fy fry|ga gle|gd gla|gl glg|gu guj|ha hau|he heb|hi hin|hr hrv|ht hat
hu hun|hy hye arm|id ind|ig ibo|is isl ice|it ita|ja jpn|jv jav|ka kat geo|kk kaz|km khm|kn kan
ko kor|ku kur|ky kir|la lat|lb ltz|ln lin|lo lao|lt lit|lv lav|mg mlg|mi mri mao|mk mkd mac|ml mal
mn mon|mr mar|ms msa may|mt mlt|my mya bur|nb nob|ne nep|nl nld dut|nn nno|no nor|oc oci|om orm
or ori|pa pan|pl pol|ps pus|pt por|qu que|rm roh|ro ron rum|ru rus|rw kin|sd snd|si sin|sk slk slo
sl slv|sm smo|sn sna|so som|sq sqi alb|sr srp|st sot|su sun|sv swe|sw swa|ta tam|te tel|tg tgk
th tha|tk tuk|tl tgl|tn tsn|to ton|tr tur|tt tat|ug uig|uk ukr|ur urd|uz uzb|vi vie|wo wol
xh xho|yi yid
yo yor|zh zho chi|zu zul
"""
_SPELLINGS = {
    code: group.split()[0]
    for line in _CODES.split("\n")
    for group in line.split("|")
    for code in group.split()
}


def is_same_language(one: str, other: str) -> bool:
    """Whether two codes name the same language in any region: `de`, `ger`, `deu`, `de-AT`."""
    return bool(one and other) and _to_short_code(one) == _to_short_code(other)


def _to_short_code(language: str) -> str:
    code = language.lower().replace("_", "-").partition("-")[0]
    return _SPELLINGS.get(code, code)
