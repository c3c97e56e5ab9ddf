"""The words of the report: leads for the studies, and the field's words, each explained where it first appears."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

TEXTS: Final = tomllib.loads((Path(__file__).parent / "texts.toml").read_text(encoding="utf-8"))
WORDS: Final[Mapping[str, str]] = TEXTS["words"]
LEADS: Final[Mapping[str, str]] = {slug: " ".join(lead.split()) for slug, lead in TEXTS["leads"].items()}
# a partial derivative is no partial in the sense of the field
FIELD_WORD: Final = re.compile(rf"\b({'|'.join(WORDS)})(s?)\b(?! derivative)")


def explainer(shown: Callable[[str, str], str]) -> Callable[[str, str], str]:
    """A function of a section's name and a text that explains the field's words in it, each once in a section.

    `shown` is how a word is written with its meaning.

    >>> explain = explainer(lambda word, meaning: f"{word} ({meaning})")
    >>> explain("first", "The primals")
    'The primals (evaluating the function itself, before any derivative)'
    >>> explain("first", "and primals again")
    'and primals again'
    """
    seen: set[tuple[str, str]] = set()

    def explained(section: str, text: str) -> str:
        def once(found: re.Match[str]) -> str:
            word = found[1]
            if (section, word) in seen:
                return found[0]
            seen.add((section, word))
            return shown(found[0], WORDS[word])

        return FIELD_WORD.sub(once, text)

    return explained
