"""Readers of what the writers wrote."""

from io import BytesIO
from typing import Any

import docx
from openpyxl import Workbook, load_workbook
from pypdf import PdfReader


def read_docx(body: bytes) -> Any:
    return docx.Document(BytesIO(body))


def docx_text(body: bytes) -> str:
    return "\n".join(part.text or "" for part in read_docx(body).element.body.iter() if part.tag.endswith("}t"))


def read_xlsx(body: bytes) -> Workbook:
    return load_workbook(BytesIO(body))


def read_pdf(body: bytes) -> PdfReader:
    return PdfReader(BytesIO(body))


def pdf_text(body: bytes) -> str:
    return "\n".join(page.extract_text() for page in read_pdf(body).pages)
