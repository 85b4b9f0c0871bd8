"""The OpenAPI description: names of operations, the problems each may answer, how a token is sent."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from crm.forms_tokens import GROUP_LABELS
from crm.rules_tokens import GROUPS

PROBLEMS = {
    "400": "Something in the request is wrong: `errors` names the fields or parameters.",
    "401": "Nobody is signed in, or the token is wrong, expired or revoked.",
    "403": "You may see this, but not do that; or the token lacks the scope (`code` is `scope`).",
    "404": "There is nothing here that you may see.",
    "406": "Only JSON is answered.",
    "409": "A rule forbids it: `detail` says which, `clause` names the clause, `confirm` what to send to insist.",
    "413": "The body is too large.",
    "415": "This content type is not taken.",
    "429": "Too many requests: wait for `Retry-After` seconds.",
}
OF_EVERY = ("400", "401", "403", "404", "406", "429")
OF_WRITES = ("409", "413", "415")
_TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "detail": {"type": "string", "description": "For people, in the language of Accept-Language."},
        "clause": {"type": "string", "description": "The clause that forbids it (409)."},
        "field": {"type": "string", "description": "The field concerned (409)."},
        "confirm": {
            "type": "string",
            "description": "Send this word in `confirm` to do it all the same (409).",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {"field": _TEXT, "code": _TEXT, "message": _TEXT},
            },
        },
    },
}


class ApiSchema(AutoSchema):
    """Operation ids from method and path; tags by the scope's group; the problems beside the answer."""

    def get_operation_id(self) -> str:
        path = re.sub(r"\{[^}]*\}", "one", self.path.removeprefix("/api/v1/"))
        return "_".join([self.method.lower(), *re.findall(r"\w+", path.replace("-", "_"))])

    def get_tags(self) -> list[str]:
        return [self.view.group]  # type: ignore[attr-defined]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            writes = self.method.lower() != "get"
            for status in (*OF_EVERY, *(OF_WRITES if writes else ())):
                operation["responses"][status] = {"$ref": f"#/components/responses/{status}"}
        return operation


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "crm.api_auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token made under My account."}


class SessionSchemeWithCsrf(SessionScheme):  # type: ignore[no-untyped-call]
    target_class = "crm.api_auth.SessionWithCsrf"


def add_problems(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Postprocessing hook: the groups in words, the problem and the answers that carry it, once for all operations."""
    result["tags"] = [{"name": group, "description": str(GROUP_LABELS[group])} for group in sorted(GROUPS)]
    parts = result["components"]
    parts["schemas"]["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    parts["responses"] = {
        status: {"description": text, "content": content} for status, text in PROBLEMS.items()
    }
    return result
