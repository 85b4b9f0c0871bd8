"""The clauses of the sales centre (SC) and the product's own (PX): one line each, in both languages."""

# ruff: noqa: E501  (one clause reads as one line of each language)

from crm.clause import Clause

CLAUSES = (
    Clause(
        "SC-1.1",
        "Every inbound caller is called back the same day; the call settles the lead's quality and invites to a visit.",
        "来电客户当天必须回访，判断客户质量并邀约到访。",
        done=True,
    ),
    Clause(
        "SC-1.2",
        "A quality caller is invited again within three days; learn the customer's news.",
        "优质来电客户三天内再次邀约，了解客户动态。",
        done=True,
    ),
    Clause(
        "SC-1.3",
        "After that, a weekly invitation until the customer visits.",
        "此后每周定期邀约一次，直至客户到访。",
        done=True,
    ),
    Clause(
        "SC-1.4",
        "A caller judged not of quality gets no calls, only milestone and festival messages, until re-judged.",
        "判定为非优质的来电客户不再电话回访，仅在节点和节日发短信，直至重新判定。",
        done=True,
    ),
    Clause(
        "SC-2.1",
        "A and B visitors are called the same day: needs, impressions, selling points, objections, invitation.",
        "A、B类来访客户当天回访：确认需求和印象，重温关注的卖点和主要抗性，邀约再访。",
        done=True,
    ),
    Clause(
        "SC-2.2",
        "A and B visitors get a second call within three days: news, selling points kept fresh, invitation.",
        "A、B类来访客户三天内第二次回访：了解动态，保持卖点印象，再次邀约。",
        done=True,
    ),
    Clause(
        "SC-2.3a",
        "After that, key customers are called every three days.",
        "此后重点客户每三天回访一次。",
        done=True,
    ),
    Clause(
        "SC-2.3b",
        "Some customers with objections are called weekly, with the reason.",
        "部分有抗性的客户每周回访一次，注明原因。",
        done=True,
    ),
    Clause(
        "SC-2.4",
        "C customers get a weekly call, put off with a reason as the customer warrants.",
        "C类客户每周回访一次，可视情况注明原因后延。",
        done=True,
    ),
    Clause(
        "SC-2.5",
        "D customers are contacted only at milestones and festivals, mostly by SMS.",
        "D类客户仅在重要节点和节日联系，以短信为主，维护口碑。",
        done=True,
    ),
    Clause(
        "SC-2.6",
        "A new visit or a grade change brings the matching rule; an ungraded visit is to be graded that day.",
        "再次来访或等级变化后按相应规则回访；来访当天须评定等级。",
        done=True,
    ),
    Clause(
        "SC-3.1",
        "Customers referred by leaders hear of important milestones only; their own visit earns one courtesy call.",
        "领导推荐的客户只提前告知重要节点；本人来访当天礼节性回访一次，其余不打扰。",
        done=True,
    ),
    Clause(
        "SC-3.2",
        "VIP guests are contacted as the company arranges; festival SMS.",
        "贵宾客户按公司安排联系，节日发短信。",
        done=True,
    ),
    Clause(
        "SC-4.1",
        "Same-day call on closing: congratulate, settle doubts, repeat the selling points.",
        "成交当天回访：祝贺，解答疑问，打消顾虑，重温卖点。",
        done=True,
    ),
    Clause(
        "SC-4.2",
        "After closing, a call or an SMS every half month until handover.",
        "成交后每半个月电话或短信联系一次，直至交房。",
        done=True,
    ),
    Clause(
        "SC-4.3",
        "Closed customers hear of important milestones, construction progress above all.",
        "成交客户重要节点电话或短信告知，尤其是工程进度。",
        done=True,
    ),
    Clause(
        "SC-4.4",
        "Closed customers are greeted at festivals by SMS or phone.",
        "成交客户节日短信或电话问候。",
        done=True,
    ),
    Clause(
        "SC-5.1",
        "On every holiday customers are greeted: everybody by SMS, key customers by phone.",
        "每逢节日必须问候客户：全部客户短信，重点客户电话。",
        done=True,
    ),
    Clause(
        "SC-5.2",
        "Important project milestones are announced: opening, promotion, topping out, handover, show flat.",
        "项目重要节点告知客户：开盘、SP活动、封顶、交房、样板间开放等。",
        done=True,
    ),
    Clause(
        "SC-6",
        "Do not become a nuisance: one ledger and one cap over all contacts with a customer.",
        "避免骚扰客户：所有联系统一记录、统一限频。",
        done=True,
    ),
    Clause(
        "SC-7",
        "Respect customers who dislike calls: call less, look for better occasions.",
        "尊重不喜欢电话的客户：减少回访，寻找更好的时机。",
        done=True,
    ),
    Clause(
        "SC-8",
        "Call at the right time: the customer's window, in general 10:00-11:30 and 15:30-17:00.",
        "把握合适时间：以客户方便为准，一般为10:00-11:30和15:30-17:00。",
        done=True,
    ),
    Clause(
        "SC-9",
        "Call on a good occasion: event, weather, festival, milestone, discount; never just the sale.",
        "找好联系由头：活动、天气、节日、工程节点、优惠等，不单为推销。",
        done=True,
    ),
    Clause(
        "SC-10",
        "Messages open with the customer's name and end with signature, hotline and consultant.",
        "短信格式：以尊称开头，以项目签名、预约电话和置业顾问结尾。",
        done=True,
    ),
    Clause(
        "SC-11",
        "Being refused is normal: persist until closed, explicitly lost, or the customer's wish.",
        "被拒绝是正常的，要坚持：只有成交、明确战败或客户要求才停止回访。",
        done=True,
    ),
    Clause(
        "SC-12",
        "Prepare before calling: the customer, the script; aim to know the news, solve questions, find the need.",
        "回访前做好准备：了解客户，备好说辞；目的是掌握动态、解决问题、找到真实需求。",
        done=True,
    ),
    Clause(
        "SC-13",
        "The cadence is prepared, reviewed and approved by three people, with dates, in versions.",
        "回访制度由三人分别编制、审核、批准并注明日期，按版本执行。",
        done=True,
    ),
    Clause(
        "PX-1", "Effective contact: only a conversation counts.", "有效跟进：只有真正通话才算数。", done=True
    ),
    Clause(
        "PX-2",
        "Unanswered attempts: not reached is neither a refusal nor done.",
        "未接通：没联系上既不算拒绝，也不算完成。",
        done=True,
    ),
    Clause(
        "PX-3",
        "One person, one record: a number belongs to one customer, one lead to each party and project.",
        "一人一档：一个号码只属于一位客户，每组客户在每个项目只有一条线索。",
        done=True,
    ),
    Clause(
        "PX-4",
        "Ownership: the first registered consultant owns the lead as long as it is worked.",
        "判客：首位登记的置业顾问在持续跟进期间拥有该客户。",
    ),
    Clause("PX-5", "Reception rota: new parties go round in order.", "轮序：新客户按顺序接待。"),
    Clause(
        "PX-6",
        "Pool: lapsed and unassigned leads are open to claims, within limits.",
        "公海：到期和未分配的线索可在限额内领取。",
    ),
    Clause(
        "PX-7",
        "Leave and hand-over: absence never makes a heap of overdue calls.",
        "轮休与交接：人员休假、离职不造成逾期堆积。",
        done=True,
    ),
    Clause(
        "PX-8",
        "Channel reports: an agency's customer is reported before the first visit.",
        "渠道报备：中介客户须在首次到访前报备。",
    ),
    Clause(
        "PX-9",
        "Deal stages: each step is a dated record; a cancelled deal returns to the cadence.",
        "成交阶段：每一步都有日期记录；退订后恢复回访。",
        done=True,
        part=(
            "Subscribed, signed, cancelled and handed over can be recorded; holds, payments and the other steps come later.",
            "已可登记认购、签约、退房和交房；锁房、回款等其余步骤随后提供。",
        ),
    ),
    Clause(
        "PX-10",
        "Nobody lost: every live lead is at each moment in exactly one bin, with a reason and an end.",
        "不丢客户：每条线索任何时刻都恰好处于一种状态，有原因、有期限。",
        done=True,
    ),
    Clause(
        "PX-11",
        "Grades are data: label and criteria per project; a purchaser is a stage, never a grade.",
        "等级是数据：名称和标准由项目设定；已购是阶段，不是等级。",
        done=True,
    ),
    Clause(
        "PX-12",
        "Phone privacy: numbers are masked, revealing one is on record.",
        "号码保密：号码默认隐藏，查看留痕。",
        done=True,
    ),
    Clause(
        "PX-13",
        "Capacity: a list that can be finished in a day; what gives way is shown and goes first tomorrow.",
        "工作量：名单当天可完成；让出的显示出来，次日优先。",
        done=True,
    ),
    Clause(
        "PX-14",
        "Honest records: what is counted really happened; a missed duty stays on record.",
        "如实记录：统计的都是真实发生的；错过的回访保留在案。",
        done=True,
    ),
    Clause(
        "PX-15",
        "History: loading yesterday's registers makes no heap of overdue calls.",
        "历史数据：导入旧登记表不产生大量逾期。",
        done=True,
    ),
    Clause(
        "PX-16",
        "WeChat is a contact channel, but does not discharge a duty that must be a call.",
        "微信是跟进渠道，但不能代替必须电话完成的回访。",
        done=True,
    ),
)
