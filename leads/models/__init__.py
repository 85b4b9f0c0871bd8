"""The tables of sales, split by noun. Import models from here."""

from leads.models.deals import Deal, DealStep
from leads.models.grades import GradeMeaning
from leads.models.imports import ImportBatch, ImportSlice, ImportTrace, RefusedRow, RegisterMapping, StaffName
from leads.models.leads import HeardVia, Interest, Lead, Objection
from leads.models.messages import SingleMessage
from leads.models.registers import InboundCall, LeadEvent, MergeRecord, Visit
from leads.models.scripts import ObjectionAnswer, Script
from leads.models.tasks import CallTask, DowngradeReview

__all__ = [
    "CallTask",
    "Deal",
    "DealStep",
    "DowngradeReview",
    "GradeMeaning",
    "HeardVia",
    "ImportBatch",
    "ImportSlice",
    "ImportTrace",
    "InboundCall",
    "Interest",
    "Lead",
    "LeadEvent",
    "MergeRecord",
    "Objection",
    "ObjectionAnswer",
    "RefusedRow",
    "RegisterMapping",
    "Script",
    "SingleMessage",
    "StaffName",
    "Visit",
]
