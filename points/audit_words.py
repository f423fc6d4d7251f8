"""How the audit trail names what happens in this room."""

from branches.audit_words import register

register(
    {
        "points.exported": "导出党员积分",
        "period.closed": "月份关账",
        "period.locked": "锁定期间",
        "period.reopened": "重新开放期间",
        "deduction.posted": "扣分入账",
        "ledger.rebuilt": "重建积分汇总",
        "deduction.lifted": "异议成立，撤销扣分",
    },
    {"rows": "条数", "year": "年度", "period": "期间", "reason": "原因", "points": "分值", "code": "项目"},
)
