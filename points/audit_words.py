"""How the audit trail names what happens in this room."""

from branches.audit_words import register

register({"points.exported": "导出党员积分"}, {"rows": "条数", "year": "年度"})
