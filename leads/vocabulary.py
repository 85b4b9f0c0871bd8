"""The words sales chooses from: objections, interests, channels, reasons. Domain data in both languages, pure.

Each list maps a stored code to its label, in the order shown. Columns that take free text beside a code show
the text as it stands (`label`); what a register calls a thing is recognised by `recognise`.
"""

from collections.abc import Mapping

from crm.bilingual import Bilingual

Words = Mapping[str, Bilingual]

# 抗性: what holds a customer back (SC-2.1). Each has an answer in leads.scripts.
CAUSES: Words = {
    "price": Bilingual("price", "价格"),
    "school": Bilingual("school", "学校"),
    "transport": Bilingual("transport", "交通"),
    "layout": Bilingual("layout", "户型"),
    "loan": Bilingual("loan", "贷款"),
    "developer": Bilingual("developer's name", "开发商品牌"),
    "delivery": Bilingual("delivery date", "交房时间"),
    "competitor": Bilingual("competitor", "竞品对比"),
    "family": Bilingual("family not agreed", "家人意见不一"),
    "other": Bilingual("other", "其他"),
}

# 关注点: what the customer cares about, gone through again in the call (SC-2.1).
INTERESTS: Words = {
    "price": Bilingual("price and discounts", "价格优惠"),
    "school": Bilingual("school", "学校"),
    "transport": Bilingual("transport", "交通"),
    "layout": Bilingual("layout", "户型"),
    "area": Bilingual("size", "面积"),
    "light": Bilingual("light and view", "采光景观"),
    "floor": Bilingual("floor and orientation", "楼层朝向"),
    "garden": Bilingual("garden and environment", "园林环境"),
    "amenities": Bilingual("shops and hospital nearby", "周边配套"),
    "property_service": Bilingual("property service", "物业服务"),
    "quality": Bilingual("building quality", "工程品质"),
    "finish": Bilingual("interior finish", "装修标准"),
    "parking": Bilingual("parking", "车位"),
    "developer": Bilingual("developer's name", "开发商品牌"),
    "delivery": Bilingual("delivery date", "交房时间"),
    "value": Bilingual("future value", "升值潜力"),
}

# 认知途径: the defaults of a new project; each project keeps its own list.
HEARD_VIA: Words = {
    "passing_by": Bilingual("passing by", "路过"),
    "friend": Bilingual("friend's recommendation", "朋友介绍"),
    "owner_referral": Bilingual("owner's referral", "老带新"),
    "outdoor": Bilingual("outdoor advertising", "户外广告"),
    "anjuke": Bilingual("Anjuke", "安居客"),
    "beike": Bilingual("Beike", "贝壳"),
    "douyin": Bilingual("Douyin", "抖音"),
    "wechat": Bilingual("WeChat", "微信"),
    "agency": Bilingual("agency", "渠道中介"),
    "site_office": Bilingual("outlet or exhibition", "外展点"),
    "leaflet": Bilingual("leaflet", "派单"),
    "sms": Bilingual("SMS", "短信"),
    "newspaper_tv": Bilingual("newspaper or television", "报纸电视"),
    "other": Bilingual("other", "其他"),
}

PURPOSES: Words = {
    "first_home": Bilingual("first home", "首次置业"),
    "upgrade": Bilingual("better home", "改善"),
    "wedding": Bilingual("wedding home", "婚房"),
    "school": Bilingual("for the school", "教育"),
    "parents": Bilingual("for the parents", "给父母住"),
    "second_home": Bilingual("second home", "度假自用"),
    "investment": Bilingual("investment", "投资"),
    "business": Bilingual("office or shop", "办公商用"),
    "other": Bilingual("other", "其他"),
}

TIMES_TO_BUY: Words = {
    "now": Bilingual("now", "近期就定"),
    "one_month": Bilingual("within a month", "一个月内"),
    "three_months": Bilingual("within three months", "三个月内"),
    "half_year": Bilingual("within half a year", "半年内"),
    "later": Bilingual("later", "半年以后"),
    "undecided": Bilingual("undecided", "还没想好"),
}

WANTED_TYPES: Words = {
    "one_room": Bilingual("one room", "一房"),
    "two_rooms": Bilingual("two rooms", "两房"),
    "three_rooms": Bilingual("three rooms", "三房"),
    "four_rooms": Bilingual("four rooms", "四房"),
    "five_rooms": Bilingual("five rooms or more", "五房及以上"),
    "duplex": Bilingual("duplex", "复式"),
    "villa": Bilingual("villa or terrace", "别墅叠拼"),
    "apartment": Bilingual("serviced apartment", "公寓"),
    "shop": Bilingual("shop", "商铺"),
    "office": Bilingual("office", "写字楼"),
    "parking": Bilingual("parking space", "车位"),
}

# SC-11: a lead leaves the cadence only by an explicit verdict with one of these reasons.
LOST_REASONS: Words = {
    "bought_elsewhere": Bilingual("bought from a competitor", "已购竞品"),
    "bought_second_hand": Bilingual("bought second-hand", "已购二手房"),
    "price": Bilingual("beyond the budget", "超出预算"),
    "loan": Bilingual("no loan", "贷款办不下来"),
    "not_eligible": Bilingual("not eligible to buy", "无购房资格"),
    "plan_dropped": Bilingual("no longer wants to buy", "取消购房计划"),
    "product": Bilingual("nothing suitable", "无合适房源"),
    "moved_away": Bilingual("moved away", "已离开本地"),
    "wish": Bilingual("asked to be left alone", "客户要求不再联系"),
    "other": Bilingual("other", "其他"),
}

INVALID_REASONS: Words = {
    "wrong_number": Bilingual("wrong number", "号码错误"),
    "not_a_buyer": Bilingual("never wanted to buy", "无购房需求"),
    "scout": Bilingual("competitor's scout", "同行踩盘"),
    "agent": Bilingual("agent or salesperson", "中介或推销"),
    "staff": Bilingual("own staff or a test", "内部人员或测试"),
    "duplicate": Bilingual("entered twice", "重复登记"),
    "child": Bilingual("under age", "未成年人"),
    "other": Bilingual("other", "其他"),
}

# SC-2.3b: why an A or key customer is called weekly instead.
WEEKLY_REASONS: Words = {
    "objection_open": Bilingual("an objection needs time", "抗性尚需时间化解"),
    "waiting_family": Bilingual("waiting for the family's decision", "等家人商量"),
    "waiting_funds": Bilingual("waiting for funds or a sale", "等资金或卖旧房"),
    "waiting_loan": Bilingual("waiting for the loan", "等贷款审批"),
    "comparing": Bilingual("comparing with competitors", "正在对比竞品"),
    "waiting_release": Bilingual("waiting for a unit to be released", "等意向房源推出"),
    "other": Bilingual("other", "其他"),
}

# SC-2.4: why a C customer's weekly call is put off.
PUT_OFF_REASONS: Words = {
    "travelling": Bilingual("travelling", "出差或旅行"),
    "busy": Bilingual("busy, asked for later", "近期忙，请晚些联系"),
    "waiting": Bilingual("nothing new before then", "此前无新消息可谈"),
    "family_matter": Bilingual("a family matter", "家中有事"),
    "other": Bilingual("other", "其他"),
}

# What registers of other systems write for a code; compared without spaces, width and case.
_SYNONYMS: Mapping[str, str] = {
    "学区": "school",
    "教育": "school",
    "学位": "school",
    "总价": "price",
    "单价": "price",
    "价格高": "price",
    "首付": "loan",
    "按揭": "loan",
    "征信": "loan",
    "地铁": "transport",
    "位置": "transport",
    "格局": "layout",
    "品牌": "developer",
    "开发商": "developer",
    "交付": "delivery",
    "工期": "delivery",
    "竞品": "competitor",
    "对比": "competitor",
    "家人": "family",
    "家庭意见": "family",
}


def label(words: Words, code: str, language: str) -> str:
    """What a stored code reads as in a language; free text stands for itself."""
    found = words.get(code)
    return found.in_language(language) if found else code


def recognise(words: Words, text: str) -> str:
    """The code a register's wording means, by code, label or synonym; "" when it is none of them."""
    wanted = "".join(text.split()).casefold()
    for code, name in words.items():
        if wanted in (code, name.zh, "".join(name.en.split()).casefold()):
            return code
    synonym = _SYNONYMS.get(wanted, "")
    return synonym if synonym in words else ""
