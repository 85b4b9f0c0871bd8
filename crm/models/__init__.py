"""The kernel's tables, split by noun. Import models from here."""

from crm.models.accounts import AccountSession, LoginEvent, PasswordRecord
from crm.models.api import ApiToken, KeptAnswer
from crm.models.contacts import Contact, Notice, Occasion
from crm.models.customers import Consent, Customer, CustomerPhone, Household, OptOut
from crm.models.deliveries import Attempt, InboundMessage, Receipt, SentPart, Suppression
from crm.models.events import AuditEvent
from crm.models.gateways import CallbackNonce, Gateway, GatewaySignature, GatewayTemplate
from crm.models.jobs import JobRun
from crm.models.messages import Exclusion, GreetingKey, Message, MessageText, RunTally, SendRun
from crm.models.people import Area, Membership, ShiftDay, User, WeeklyRest
from crm.models.places import Building, CalendarDay, Project, Unit, UnitType
from crm.models.policies import PolicyVersion

__all__ = [
    "AccountSession",
    "ApiToken",
    "Area",
    "Attempt",
    "AuditEvent",
    "Building",
    "CalendarDay",
    "CallbackNonce",
    "Consent",
    "Contact",
    "Customer",
    "CustomerPhone",
    "Exclusion",
    "Gateway",
    "GatewaySignature",
    "GatewayTemplate",
    "GreetingKey",
    "Household",
    "InboundMessage",
    "JobRun",
    "KeptAnswer",
    "LoginEvent",
    "Membership",
    "Message",
    "MessageText",
    "Notice",
    "Occasion",
    "OptOut",
    "PasswordRecord",
    "PolicyVersion",
    "Project",
    "Receipt",
    "RunTally",
    "SendRun",
    "SentPart",
    "ShiftDay",
    "Suppression",
    "Unit",
    "UnitType",
    "User",
    "WeeklyRest",
]
