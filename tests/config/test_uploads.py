"""Photos: what they are counts, not what they are called; nothing but pixels is kept."""

from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from config import uploads
from config.uploads import check_photo

MB = 2**20


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), name: str = "a.jpg", mode: str = "RGB", **save):
    out = BytesIO()
    Image.new(mode, size, "red").save(out, kind, **save)
    return SimpleUploadedFile(name, out.getvalue())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_the_formats_of_phones_are_kept_as_jpeg(kind):
    photo = check_photo(picture(kind), limit=MB)
    with Image.open(BytesIO(photo.image_bytes)) as kept:
        assert kept.format == "JPEG"
        assert kept.size == (64, 48)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_pictures_are_refused_whatever_they_are_called(kind):
    with pytest.raises(ValidationError, match="不是可用的照片"):
        check_photo(picture(kind, name="a.jpg"), limit=MB)


@pytest.mark.parametrize(
    "content",
    [b"<svg onload=alert(1)>", b"MZ\x90", b"\xff\xd8\xff\xe0" + b"\0" * 200, b"<?php echo 1;", b"\x89PNG\r\n\x1a\n"],
)
def test_forged_files_are_refused(content):
    with pytest.raises(ValidationError, match="不是可用的照片"):
        check_photo(SimpleUploadedFile("scene.jpg", content, content_type="image/jpeg"), limit=MB)


def test_an_empty_file_says_so():
    with pytest.raises(ValidationError, match="是空的"):
        check_photo(SimpleUploadedFile("a.jpg", b""), limit=MB)


def test_a_file_over_the_limit_is_refused_by_what_is_read():
    with pytest.raises(ValidationError, match="超过1 MB"):
        check_photo(SimpleUploadedFile("a.jpg", b"\xff" * (MB + 1)), limit=MB)


def test_a_bomb_is_never_decoded(monkeypatch):
    monkeypatch.setattr(uploads, "MAX_PIXELS", 100)
    upload = picture("PNG", (50, 50))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(ValidationError, match="尺寸过大"):
        check_photo(upload, limit=MB)


def test_pillows_own_alarm_is_an_error(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValidationError):
        check_photo(picture("PNG", (15, 10)), limit=MB)


def test_the_place_and_the_device_are_gone():
    exif = Image.Exif()
    exif[0x010F] = "SecretPhone"
    exif.get_ifd(0x8825)[2] = (30.0, 15.0, 1.0)
    photo = check_photo(picture(exif=exif), limit=MB)
    assert b"SecretPhone" not in photo.image_bytes
    for data in (photo.image_bytes, photo.thumb_bytes):
        with Image.open(BytesIO(data)) as kept:
            assert not kept.getexif()


def test_a_turned_photo_stands_upright_without_its_tag():
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = check_photo(picture(size=(64, 32), exif=exif), limit=MB)
    assert (photo.width, photo.height) == (32, 64)


def test_large_photos_are_made_smaller_and_get_a_thumbnail():
    photo = check_photo(picture(size=(3000, 1500)), limit=MB)
    assert (photo.width, photo.height) == (2000, 1000)
    with Image.open(BytesIO(photo.thumb_bytes)) as thumb:
        assert thumb.size == (480, 240)


def test_a_transparent_picture_stands_on_white():
    photo = check_photo(picture("PNG", mode="RGBA"), limit=MB)
    with Image.open(BytesIO(photo.image_bytes)) as kept:
        assert kept.mode == "RGB"
