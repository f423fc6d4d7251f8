"""Printed forms and lists of the activities room; each function returns a Document or, for long lists, a workbook."""
