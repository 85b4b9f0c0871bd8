"""The tables of campaigns, split by noun. Import models from here."""

from campaigns.models.festivals import FestivalDay, GreetingText

__all__ = ["FestivalDay", "GreetingText"]
