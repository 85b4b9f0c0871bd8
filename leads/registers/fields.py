"""What a column of a register can mean, and the words that head it.

Adding a wording is one line here; words are compared without blanks, punctuation, brackets, case, width and
traditional forms, and rank within a field: of two columns for one field the earlier word wins.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from leads.registers.texts import Cell, clean_line


class Field(StrEnum):
    PHONE = "phone"
    NAME = "name"
    GENDER = "gender"
    DATE = "date"
    TIME = "time"
    GRADE = "grade"
    STAGE = "stage"
    KIND = "kind"
    CONSULTANT = "consultant"
    SOURCE = "source"
    REMARK = "remark"
    OBJECTIONS = "objections"
    INTERESTS = "interests"
    VISITS = "visits"
    WANTED = "wanted"
    BUDGET = "budget"
    PURPOSE = "purpose"
    TIME_TO_BUY = "time_to_buy"
    RESIDENCE = "residence"
    PARTY_SIZE = "party_size"
    SERIAL = "serial"
    REFUSAL = "refusal"


#: Several columns may mean these; of all others one column at most.
REPEATABLE = frozenset((Field.PHONE, Field.REMARK, Field.OBJECTIONS, Field.INTERESTS, Field.WANTED))


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split(", "))


WORDS: Mapping[Field, tuple[str, ...]] = {
    Field.PHONE: _listed(
        "联系电话, 手机号码, 手机号, 手机, 移动电话, 电话号码, 电话, 联系方式, 联系号码, 来电号码, "
        "客户电话, 备用电话, 主叫号码, 号码, 手提, 联络电话, phone number, mobile number, "
        "contact number, mobile phone, cell phone, telephone, mobile, phone, cellphone, cell, tel, "
        "tel no, phone no, mobile no, contact no, whatsapp"
    ),
    Field.NAME: _listed(
        "客户姓名, 客户称呼, 客户名称, 姓名, 称呼, 客户名, 名字, 联系人, 联络人, 来访人, 来电人, "
        "访客, 客户, 名称, 客人, customer name, client name, full name, customer, client, name, "
        "contact, contact name, visitor, caller, guest"
    ),
    Field.GENDER: _listed("性别, 称谓, 先生女士, gender, sex, salutation, title"),
    Field.DATE: _listed(
        "来电时间, 来电日期, 到访日期, 到访时间, 来访日期, 来访时间, 接待日期, 接待时间, 访问日期, "
        "首访日期, 首访时间, 首次来访时间, 首次来访日期, 首次到访日期, 首电日期, 进线时间, 通话时间, "
        "登记时间, 登记日期, 日期, 录入时间, 录入日期, 创建时间, 创建日期, 填表日期, 时间, "
        "visit date, date of visit, call date, date of call, call time, visited on, called on, "
        "visited, visited at, called at, registered on, registration date, register date, date, "
        "date time, datetime, registered, registered at, created at, created, entry date, timestamp"
    ),
    Field.TIME: _listed("具体时间, 时刻, 时间点, 到访时刻, 来电时刻, time of day, time, hour"),
    Field.GRADE: _listed(
        "意向等级, 客户级别, 客户等级, 意向级别, 等级, 级别, 评级, 意向度, 意向程度, 客户意向, "
        "购买意向, 客户分级, 客户类别, 意向, 分级, grade, level, rating, rank, intention, class, "
        "customer grade, customer level, lead grade"
    ),
    Field.STAGE: _listed(
        "客户状态, 跟进状态, 状态, 客户阶段, 阶段, 成交状态, 是否成交, status, stage, state"
    ),
    Field.KIND: _listed("来访方式, 接触方式, 登记类型, 到访类型, 类型, 来电来访, register type, type, kind"),
    Field.CONSULTANT: _listed(
        "置业顾问, 销售顾问, 顾问, 接待人, 接待顾问, 接待人员, 接待销售, 销售员, 销售人员, 销售, "
        "业务员, 跟进人, 跟进顾问, 归属人, 归属顾问, 所属顾问, 接电人, 接听人, 接线员, 负责人, "
        "登记人, 录入人, 经办人, consultant, sales consultant, sales, salesperson, sales person, "
        "sales rep, agent, staff, received by, handled by, owner, assigned to, advisor, adviser"
    ),
    Field.SOURCE: _listed(
        "认知途径, 认知渠道, 获知途径, 获知渠道, 了解途径, 了解渠道, 来源渠道, 渠道来源, 客户来源, "
        "信息来源, 媒体渠道, 来访渠道, 来电渠道, 途径, 渠道, 来源, 媒体, how heard, heard via, "
        "how did you hear about us, how did you hear, source, lead source, channel, media, "
        "heard from"
    ),
    Field.REMARK: _listed(
        "备注, 备注信息, 备注说明, 说明, 客户描述, 客户情况, 情况说明, 情况, 描述, 跟进内容, "
        "跟进记录, 沟通内容, 洽谈内容, 接待记录, 来电内容, 通话内容, 咨询内容, 内容, 附注, remark, "
        "remarks, note, notes, comment, comments, memo, description, details"
    ),
    Field.OBJECTIONS: _listed(
        "主要抗性, 客户抗性, 抗性, 抗性点, 抗性因素, 未购原因, 未成交原因, 顾虑, 异议, objection, "
        "objections, concern, concerns, main objection, reason not bought"
    ),
    Field.INTERESTS: _listed(
        "关注点, 关注因素, 客户关注点, 关注, 兴趣点, 认可点, interest, interests, points of interest"
    ),
    Field.VISITS: _listed(
        "来访次数, 到访次数, 首访复访, 首复访, 访问次数, 来访类型, 到访性质, 来访性质, 第几次来访, "
        "首次复访, visit count, visits, number of visits, visit no, visit number, first or repeat, "
        "first repeat, visit type, first or repeat visit"
    ),
    Field.WANTED: _listed(
        "需求面积, 意向面积, 面积需求, 面积, 需求户型, 意向户型, 户型需求, 户型, 房型, 需求房型, "
        "意向产品, 意向房型, area, size, wanted area, area wanted, unit size, layout, unit type, "
        "wanted type, flat type, bedrooms, house type"
    ),
    Field.BUDGET: _listed("购房预算, 总价预算, 预算, 意向总价, 承受总价, 心理价位, budget, price range"),
    Field.PURPOSE: _listed("置业目的, 购房目的, 购房用途, 购买目的, 置业用途, 用途, 目的, purpose"),
    Field.TIME_TO_BUY: _listed(
        "购房时间, 购买时间, 计划购房时间, 置业计划, 购房周期, time to buy, buying time"
    ),
    Field.RESIDENCE: _listed(
        "居住区域, 现居住地, 居住地, 居住地址, 住址, 家庭住址, 地址, 客户区域, 来源区域, 区域, "
        "residence, address, district, lives in, living area"
    ),
    Field.PARTY_SIZE: _listed("来访人数, 到访人数, 同行人数, 人数, party size, people, pax, group size"),
    Field.SERIAL: _listed("序号, 编号, 流水号, 行号, 客户编号, id, no, s/n, serial, serial no, index"),
    Field.REFUSAL: _listed("拒收原因, refused because"),
}

#: Headers that look like a field and are none: another person's number, another day than the register's.
_OTHERS = re.compile(
    r"下次|预约|预计|出生|生日|交房|认购|签约|成交时间|成交日期|成交金额|身份证|证件|微信号|微信昵称|邮箱|"
    r"回访时间|回访日期|跟进时间|跟进日期|跟进次数|回访次数|紧急联系|合同|房号|楼栋|birth|email|e-mail|wechat|"
    r"next|follow ?up|appointment|contract|deal|passport|id card|identity"
)
_OTHER_PHONES = re.compile(
    r"(?:顾问|销售|经纪|业务员|接待人|介绍人|推荐人|渠道人员?|报备人|agent|referrer|sales).*"
    r"(?:电话|手机|号码|联系方式|phone|mobile|tel)"
)
_OTHER_NAMES = re.compile(r"介绍人|推荐人|报备人|referrer|introducer")

_TRADITIONAL = str.maketrans(
    "電話聯繫絡號碼機備註來訪級別戶問銷時間記錄稱顧類導員業務約總價預認購簽項區積徑關點興購買產況內說請輸應顯狀態階段數媒體",
    "电话联系络号码机备注来访级别户问销时间记录称顾类导员业务约总价预认购签项区积径关点兴购买产况内说请输应显状态阶段数媒体",
)
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|<[^<>]*>")
_PUNCTUATION = re.compile(r"[\s*:：_\-/\\.#、,，;；?？!！|'\"“”()\[\]]+")
MAX_HEADER = 40  # characters; longer text is no header


def normal_header(cell: Cell) -> str:
    """The form in which headers are compared and remembered: "＊聯繫電話（必填）" → "联系电话"."""
    text = clean_line(cell).casefold().translate(_TRADITIONAL)
    bare = _PUNCTUATION.sub("", _BRACKETED.sub("", text))
    return bare or _PUNCTUATION.sub("", text)


_EXACT: dict[str, tuple[Field, int]] = {}
for _field, _words in WORDS.items():
    for _rank, _word in enumerate(_words):
        _EXACT.setdefault(normal_header(_word), (_field, _rank))
_BY_LENGTH = sorted((word for word in _EXACT if len(word) > 1), key=len, reverse=True)
_AT_END = [word for word in _BY_LENGTH if not word.isascii() or len(word) > 3]
_INSIDE = [word for word in _BY_LENGTH if len(word) > (5 if word.isascii() else 2)]

EXACT, AT_END, INSIDE = 100, 85, 70  # confidence in per cent


def is_foreign(header: str) -> bool:
    """Whether a normalised header names something that is none of our fields though it sounds like one."""
    return any(pattern.search(header) for pattern in (_OTHERS, _OTHER_PHONES, _OTHER_NAMES))


def field_of(header: str) -> tuple[Field, int, int] | None:
    """(field, confidence, rank) of a normalised header; None when it says nothing or something else."""
    if found := _EXACT.get(header):
        return found[0], EXACT, found[1]
    if not header or len(header) > MAX_HEADER or is_foreign(header):
        return None
    stem = header.rstrip("0123456789")  # 联系电话2
    for words, confidence, matches in (
        (_AT_END, AT_END, stem.endswith),
        (_INSIDE, INSIDE, header.__contains__),
    ):
        word = next(filter(matches, words), None)
        if word is not None:
            field, rank = _EXACT[word]
            return field, confidence, rank
    return None
