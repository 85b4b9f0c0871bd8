"""Domain data in both languages: prescribed texts that a translator must not lose or reword."""

from typing import NamedTuple


class Bilingual(NamedTuple):
    """One text in English and in 简体中文."""

    en: str
    zh: str

    def in_language(self, code: str) -> str:
        """The text for a language code such as "zh-hans" or "en"; anything but Chinese reads English."""
        return self.zh if code.lower().startswith("zh") else self.en
