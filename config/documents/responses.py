"""A document as the answer to a request."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header

from config.documents import docx, pdf, xlsx
from config.documents.content import Document

WRITERS: Final = {"docx": docx.render, "pdf": pdf.render, "xlsx": xlsx.render}
TYPES: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


def document_response(
    request: HttpRequest, document: Document, format: str, filename: str, *, formats: tuple[str, ...] = tuple(WRITERS)
) -> HttpResponse:
    """The file as a download named `filename` (without ending). A format that is not offered is a 404.

    Where this machine cannot make a PDF, a page (503) says what to do about it.
    """
    if format not in formats:
        raise Http404
    try:
        body = WRITERS[format](document)
    except pdf.PdfMissing:
        return pdf_missing(request)
    response = HttpResponse(body, content_type=TYPES[format])
    name = safe_name(f"{filename}.{format}")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response


def pdf_missing(request: HttpRequest) -> HttpResponse:
    """The page in place of a PDF."""
    return render(request, "pdf_missing.html", {"line": pdf.INSTALL}, status=503)


def safe_name(name: str) -> str:
    """Without the characters that Windows forbids in the name of a file."""
    return "".join("-" if char in '\\/:*?"<>|\r\n\t' else char for char in name).strip()[-120:]
