"""The clauses of the after-sales procedures (CR, PS, OR, UR, AS): one line each, in both languages."""

# ruff: noqa: E501  (one clause reads as one line of each language)

from crm.clause import Clause

CLAUSES = (
    Clause("CR-2", "Forms of revisit: home visit, phone, letter.", "回访形式：上门、电话、信函。"),
    Clause(
        "CR-3",
        "Types of revisit: opinions, complaints, suggestions, and what the management office registers each half month.",
        "回访类型：意见征询、投诉、建议，以及管理处每半月登记事项的回访。",
    ),
    Clause(
        "CR-4.1",
        "A home visit needs the customer's signature; a phone revisit names the staff member.",
        "上门回访须客户签字；电话回访注明回访人员。",
    ),
    Clause(
        "CR-4.2",
        "What cannot be settled at once gets a named time for the answer.",
        "不能当场解决的，须明确答复时间。",
    ),
    Clause(
        "CR-4.3",
        "The same matter complained of to several departments is handled as a key matter.",
        "同一事项多次向不同部门投诉的，作为重点事项处理。",
    ),
    Clause(
        "CR-4.4", "Every matter gets an answer: revisit rate 90-100 %.", "事事有回音：回访率达到90%-100%。"
    ),
    Clause(
        "PS-3",
        "The director answers for major complaints, the assistant plans, the area administrator carries out.",
        "职责：主任负责重大投诉回访，主任助理计划安排，片区管理员实施。",
    ),
    Clause(
        "PS-4.1.1",
        "When: complaint within 3 days, repair within 2, special service midway and after, the others within a week or a month.",
        "回访时间：投诉3天内，维修2天内，特约服务中期和结束后，其他一周或一月内。",
    ),
    Clause(
        "PS-4.1.2",
        "Rates: complaint and repair 100 %, special service 30 %, publications and events 10 %, others as set.",
        "回访率：投诉、维修100%，特约服务30%，刊物和活动10%，其他由主任确定。",
    ),
    Clause(
        "PS-4.1.3",
        "Who: major complaints by the director, ordinary ones by the department with the area administrator, the rest by the area administrator.",
        "回访人员：重大投诉由主任组织，一般投诉由部门会同片区管理员，其余由片区管理员。",
    ),
    Clause("PS-4.1.4", "Form: at home, by phone, by letter.", "回访方式：上门、电话、信函。"),
    Clause(
        "PS-4.1.5",
        "Content: quality, effect, satisfaction, shortcomings, suggestions.",
        "回访内容：质量、效果、满意程度、不足、建议。",
    ),
    Clause("PS-4.2", "People draw the record form and sign for it.", "回访人员领取回访记录表并签收。"),
    Clause(
        "PS-4.3",
        "Carried out in time, by talk and inspection on the spot; the resident signs.",
        "按时回访，交谈并现场查看，简要记录，住户签字。",
    ),
    Clause("PS-4.4", "The reviser signs and returns the form.", "回访人员签名后交回记录表。"),
    Clause(
        "PS-4.5",
        "The assistant reviews; an unqualified result goes to the director and is handled as a complaint.",
        "主任助理审核；不合格的报主任，按投诉程序处理。",
    ),
    Clause(
        "PS-4.6",
        "Monthly statistics; repeated matters and repairs get a cumulative report decided by the director.",
        "每月统计分析；重复发生的事项形成累计报告，由主任决定是否持续改进。",
    ),
    Clause(
        "PS-4.7", "Records are handed in by the 30th and kept two years.", "记录每月30日前归档，保存两年。"
    ),
    Clause("PS-4.8", "Revisits are a basis for appraisal.", "回访结果作为考核依据。"),
    Clause(
        "OR-2.1",
        "Content: house quality, supporting services, community environment, wish to buy again.",
        "回访内容：房屋质量、配套服务、社区环境、再次购房意向。",
    ),
    Clause("OR-2.2a", "Make a plan: time, place, whom, what.", "制定计划：时间、地点、对象、内容。"),
    Clause(
        "OR-2.2b",
        "Agree time and place beforehand; prepare the questionnaire and the owner's file.",
        "事先约定时间地点，准备问卷和业主资料。",
    ),
    Clause("OR-2.2c", "Collect by questionnaire.", "以问卷收集信息。"),
    Clause("OR-2.2d", "Summarise the problems and their causes.", "汇总问题并分析原因。"),
    Clause("OR-2.2e", "Find solutions and carry them out.", "制定解决方案并实施。"),
    Clause(
        "OR-3.1",
        "Revisiting staff know building standards, law and policy.",
        "回访人员须熟悉建筑标准、法律和政策。",
    ),
    Clause("OR-3.2", "Questionnaires are plain, short, to the purpose.", "问卷简明扼要、针对性强。"),
    Clause("OR-3.3", "Analysis covers present state, causes and needs.", "分析包括现状、原因和需求。"),
    Clause(
        "OR-3.4",
        "Solutions rest on the analysis, come in the shortest time, and weigh the needs of all sides.",
        "方案以分析为依据，尽快实施，兼顾各方需要。",
    ),
    Clause(
        "OR-3.5",
        "Improvement has a timetable and people answerable; revisits repeat until it is solved.",
        "整改有时间表和责任人，反复回访直至解决。",
    ),
    Clause(
        "UR-2",
        "Users: homes, complexes, offices; owners, tenants, merchants, internal units.",
        "回访对象：住宅、商业、写字楼的业主、租户、商户和内部单位。",
    ),
    Clause(
        "UR-3",
        "Content: satisfaction, complaint, notice, repair, safety inspection.",
        "回访内容：满意度、投诉、通知、维修、安全检查。",
    ),
    Clause(
        "UR-4",
        "Phone for simple matters, at home for what must be seen, e-mail or SMS for the general.",
        "简单事项电话，需查看的上门，一般性的用邮件或短信问卷。",
    ),
    Clause(
        "UR-5",
        "Plan, prepare, carry out, analyse, report, improve, follow up.",
        "流程：计划、准备、实施、分析、报告、改进、跟踪。",
    ),
    Clause(
        "UR-6",
        "Six duties: planner, preparer, executor, analyst, reporter, implementer.",
        "六项职责：计划、准备、执行、分析、报告、落实。",
    ),
    Clause(
        "UR-7",
        "Evaluated by coverage, timeliness and satisfaction with the revisit itself.",
        "评价指标：覆盖率、及时率、对回访本身的满意度。",
    ),
    Clause("AS-2", "Principles: customer first, expertise, transparency.", "原则：客户至上、专业、透明。"),
    Clause(
        "AS-3.1",
        "Intake by phone, e-mail or online service, with complete details.",
        "受理：电话、邮件或在线，信息完整。",
    ),
    Clause("AS-3.2", "Classified and dispatched to the right specialist.", "分类并派给相应的专员。"),
    Clause(
        "AS-3.3",
        "Handled in a set time; the customer is kept informed.",
        "在规定时间内处理，随时告知客户进展。",
    ),
    Clause("AS-3.4", "Repair plan announced beforehand; acceptance after.", "维修方案事先告知，完工后验收。"),
    Clause(
        "AS-3.5",
        "The specialist revisits within a week; dissatisfied means handled again.",
        "一周内回访；不满意的重新处理。",
    ),
    Clause(
        "AS-3.6", "All is on file: a service archive for each customer.", "全部存档：每位客户建立服务档案。"
    ),
    Clause("AS-3.7", "Regular evaluation and measures.", "定期评估并采取措施。"),
    Clause(
        "AS-4",
        "Duties of specialist, repairer, manager; regular assessment and training.",
        "专员、维修人员、经理的职责；定期考核培训。",
    ),
    Clause("AS-5.1", "A channel for complaints, recorded by the specialist.", "设投诉渠道，由专员记录。"),
    Clause("AS-5.2", "A manager looks into a complaint within 24 hours.", "投诉24小时内由经理初步调查。"),
    Clause("AS-5.3", "A plan and an answer in the time set.", "在规定时间内给出方案和答复。"),
    Clause("AS-5.4", "Still dissatisfied: a higher level.", "仍不满意的，升级处理。"),
)
