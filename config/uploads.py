"""What people upload: checked by what it is, not by what it is called. Photos are written anew.

What comes out of a photo holds no metadata (place, device, serial numbers): only pixels survive the re-encoding.
Attachments are kept as they came; whoever keeps them encrypts them (activities.files).
"""

import hashlib
import re
import warnings
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Final

import pillow_heif
from django.core.exceptions import ValidationError
from PIL import Image, ImageOps

FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF")
MAX_PIXELS: Final = 60_000_000  # declared size above which nothing is decoded
IMAGE_EDGE: Final = 2000
THUMB_EDGE: Final = 480
CHUNK: Final = 1 << 20

pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class CheckedPhoto:
    """A photo ready to keep. `sha256` is of the upload as it came, so that the same file twice is found."""

    image_bytes: bytes
    thumb_bytes: bytes
    width: int
    height: int
    sha256: str


def check_photo(file: IO[bytes], *, limit: int) -> CheckedPhoto:
    """Read one upload, prove it is a picture, and return it re-encoded as JPEG with a thumbnail.

    `limit` is in bytes. Raises ValidationError in Chinese, with the file's name in front where it has one.
    """
    name = str(getattr(file, "name", "") or "照片")
    raw = _read(file, limit, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a decompression bomb is only a warning to Pillow
            with Image.open(BytesIO(raw), formats=FORMATS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise ValidationError(f"{name}：照片尺寸过大（{picture.width}×{picture.height}），请缩小后再上传。")
                picture.load()
                upright = _flat(ImageOps.exif_transpose(picture))
    except ValidationError:
        raise
    except Exception as exc:  # decoders raise anything on hostile input; whatever it is, this is no usable photo
        raise ValidationError(f"{name}：不是可用的照片，请上传JPG、PNG、WebP或HEIC格式的原图。") from exc
    upright.thumbnail((IMAGE_EDGE, IMAGE_EDGE), Image.Resampling.LANCZOS)
    thumb = upright.copy()
    thumb.thumbnail((THUMB_EDGE, THUMB_EDGE), Image.Resampling.LANCZOS)
    return CheckedPhoto(
        image_bytes=_jpeg(upright, 85),
        thumb_bytes=_jpeg(thumb, 80),
        width=upright.width,
        height=upright.height,
        sha256=hashlib.sha256(raw).hexdigest(),
    )


ATTACHMENTS: Final = {  # ending -> type it is served with
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
}
ATTACHMENTS_ACCEPT: Final = ",".join(f".{ending}" for ending in ATTACHMENTS)
_MAIN_PART: Final = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
_PICTURE: Final = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG"}


@dataclass(frozen=True)
class CheckedFile:
    """An attachment ready to keep; `name` is fit to be shown and offered as a download."""

    name: str
    content_type: str
    data: bytes
    sha256: str


def check_attachment(file: IO[bytes], *, limit: int) -> CheckedFile:
    """Read one upload and prove that its contents are what its ending says: PDF, Word, Excel, PowerPoint, JPEG or PNG.

    `limit` is in bytes. Raises ValidationError in Chinese with the file's name in front. Office files with macros are
    refused.
    """
    name = _shown_name(str(getattr(file, "name", "") or "附件"))
    ending = name.rpartition(".")[2].lower()
    if ending not in ATTACHMENTS:
        raise ValidationError(
            f"{name}：只能上传PDF、Word（docx）、Excel（xlsx）、PowerPoint（pptx）文件和JPG、PNG图片。"
        )
    raw = _read(file, limit, name, "文件")
    if not _is_really(ending, raw):
        raise ValidationError(f"{name}：文件内容和扩展名不一致或已损坏，请用原程序重新另存后再上传。")
    return CheckedFile(name, ATTACHMENTS[ending], raw, hashlib.sha256(raw).hexdigest())


def _shown_name(name: str) -> str:
    """The last part of the path, without control characters; at most 120 characters, the ending kept."""
    name = re.sub(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", "", name.replace("\\", "/").rpartition("/")[2]).strip()
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: 119 - len(ending)]}{dot}{ending}" if dot and len(ending) < 10 else name[:120] or "附件"


def _is_really(ending: str, raw: bytes) -> bool:
    if ending == "pdf":
        return raw.startswith(b"%PDF-")
    try:
        if ending in _MAIN_PART:
            with zipfile.ZipFile(BytesIO(raw)) as package:  # only its list of contents is read
                parts = set(package.namelist())
            macros = any(part.lower().endswith("vbaproject.bin") for part in parts)
            return {"[Content_Types].xml", _MAIN_PART[ending]} <= parts and not macros
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(BytesIO(raw), formats=(_PICTURE[ending],)) as picture:
                small = picture.width * picture.height <= MAX_PIXELS
                picture.verify()
            return small
    except Exception:  # hostile input makes the readers raise anything
        return False


def _read(file: IO[bytes], limit: int, name: str, what: str = "照片") -> bytes:
    """At most `limit` bytes; the size a client declares is not believed."""
    parts, size = [], 0
    file.seek(0)
    while chunk := file.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise ValidationError(f"{name}：{what}超过{limit // 2**20} MB，请压缩后再上传。")
        parts.append(chunk)
    if not size:
        raise ValidationError(f"{name}：文件是空的，请重新选择。")
    return b"".join(parts)


def _flat(picture: Image.Image) -> Image.Image:
    """Plain RGB on white: no alpha, no palette, no metadata of the source."""
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    plain = Image.new("RGB", picture.size)
    plain.paste(picture.convert("RGB"))
    return plain


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()
