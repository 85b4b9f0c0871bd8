"""What a clause is: the shape of every row in the registry of clauses."""

from dataclasses import dataclass

from crm.bilingual import Bilingual


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a written procedure, on one line in each language.

    `done`: this product implements it today. `part`: (English, 中文) what of it is there and what is not yet.
    """

    id: str
    en: str
    zh: str
    done: bool = False
    part: tuple[str, str] | None = None

    @property
    def text(self) -> Bilingual:
        return Bilingual(self.en, self.zh)

    @property
    def source(self) -> str:
        """The code of the procedure it comes from, such as "SC"."""
        return self.id.partition("-")[0]

    @property
    def note(self) -> Bilingual | None:
        """What is done of a clause that is not done whole, or None."""
        return Bilingual(*self.part) if self.part else None
