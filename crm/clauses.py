"""The registry of clauses: every rule, task, message and test names the clause it comes from.

The text of a clause is domain data, in both languages, in the tables of `crm.clauses_sales` and
`crm.clauses_aftersales`. A test keeps the chain whole: every clause done has a text, code and a test.
"""

from collections.abc import Mapping
from types import MappingProxyType

from crm import clauses_aftersales, clauses_sales
from crm.bilingual import Bilingual
from crm.clause import Clause

SOURCES: Mapping[str, Bilingual] = MappingProxyType(
    {
        "SC": Bilingual("Sales-centre customer revisit system", "案场客户回访制度"),
        "PX": Bilingual("Rules of the product", "系统规则"),
        "CR": Bilingual("Developer's customer revisit system", "开发商客户回访制度"),
        "PS": Bilingual("Property-service customer revisit procedure", "物业服务客户回访程序"),
        "OR": Bilingual("Owner revisit procedure", "业主回访流程"),
        "UR": Bilingual("Property-centre user revisit procedure", "物业中心用户回访流程"),
        "AS": Bilingual("Developer's after-sales flow", "开发商售后服务流程"),
    }
)

CLAUSES: Mapping[str, Clause] = MappingProxyType(
    {clause.id: clause for clause in (*clauses_sales.CLAUSES, *clauses_aftersales.CLAUSES)}
)


def clause_text(clause_id: str, language: str) -> str:
    """The one-line text of a clause; "" for an id that is not in the registry."""
    clause = CLAUSES.get(clause_id)
    return clause.text.in_language(language) if clause else ""
