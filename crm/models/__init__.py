"""The kernel's tables, split by noun. Import models from here."""

from crm.models.contacts import Contact, Notice, Occasion
from crm.models.customers import Consent, Customer, CustomerPhone, Household, OptOut
from crm.models.events import AuditEvent
from crm.models.jobs import JobRun
from crm.models.people import Area, Membership, ShiftDay, User, WeeklyRest
from crm.models.places import Building, CalendarDay, Project, Unit, UnitType
from crm.models.policies import PolicyVersion

__all__ = [
    "Area",
    "AuditEvent",
    "Building",
    "CalendarDay",
    "Consent",
    "Contact",
    "Customer",
    "CustomerPhone",
    "Household",
    "JobRun",
    "Membership",
    "Notice",
    "Occasion",
    "OptOut",
    "PolicyVersion",
    "Project",
    "ShiftDay",
    "Unit",
    "UnitType",
    "User",
    "WeeklyRest",
]
