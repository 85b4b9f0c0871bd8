"""The tables of campaigns, split by noun. Import models from here."""

from campaigns.models.broadcasts import Broadcast, SavedAudience
from campaigns.models.festivals import FestivalDay, GreetingText
from campaigns.models.greetings import Greeting
from campaigns.models.milestones import Correction, Invitation, Milestone

__all__ = [
    "Broadcast",
    "Correction",
    "FestivalDay",
    "Greeting",
    "GreetingText",
    "Invitation",
    "Milestone",
    "SavedAudience",
]
