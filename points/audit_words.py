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
        "appraisal.entered": "登记民主测评结果",
        "appraisal.uploaded": "上传民主测评结果",
        "appraisal.imported": "导入民主测评结果",
        "appraisal.cancelled": "取消导入民主测评结果",
        "assessment.moved": "调整考核等次",
        "assessment.proposed": "提出年度考核等次",
        "assessment.returned": "退回年度考核等次",
        "assessment.confirmed": "审定年度考核等次",
        "assessment.rechecked": "锁定后核对年度考核",
        "assessment.printed": "导出年度考核材料",
    },
    {"rows": "条数", "year": "年度", "period": "期间", "reason": "原因", "points": "分值", "code": "项目"},
)
