"""The tables of campaigns, split by noun. Import models from here."""

from campaigns.models.festivals import FestivalDay, GreetingText
from campaigns.models.greetings import Greeting

__all__ = ["FestivalDay", "Greeting", "GreetingText"]
