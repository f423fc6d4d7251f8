"""How a PDF looks: page rules, fonts and what stands in for one, as a style sheet."""

from typing import Final

from config.documents.content import Document, Fonts

CELL_PADDING: Final = 1.2  # mm at each side
LINE_PADDING: Final = 0.6  # mm above and below

# What stands in for a font that is not installed: its other names, then what Debian has.
STAND_INS: Final = {
    "方正小标宋简体": '"FZXiaoBiaoSong-B05S", "小标宋", "STZhongsong", "Noto Serif CJK SC"',
    "仿宋_GB2312": '"FangSong_GB2312", "仿宋", "FangSong", "STFangsong", "Noto Serif CJK SC"',
    "楷体_GB2312": '"KaiTi_GB2312", "楷体", "KaiTi", "STKaiti", "Noto Serif CJK SC"',
    "黑体": '"SimHei", "STHeiti", "Noto Sans CJK SC"',
    "仿宋": '"FangSong", "仿宋_GB2312", "STFangsong", "Noto Serif CJK SC"',
    "楷体": '"KaiTi", "楷体_GB2312", "STKaiti", "Noto Serif CJK SC"',
    "宋体": '"SimSun", "STSong", "Noto Serif CJK SC"',
}


def _family(name: str) -> str:
    plain = "".join(char for char in name if char not in "\"'\\;{}<>\n")
    return f'"{plain}", {STAND_INS.get(plain, STAND_INS["宋体"])}'


def css(document: Document) -> str:
    fonts = document.fonts
    pages = []
    for n, section in enumerate(document.sections):
        page = section.page
        margins = f"{page.top}mm {page.right}mm {page.bottom}mm {page.left}mm"
        pages.append(f".s{n}{{page:s{n}}} @page s{n}{{size:{page.width}mm {page.height}mm;margin:{margins}}}")
        if page.restarts and n:
            pages.append(f"@page :nth(1 of s{n}){{counter-reset:page 1}} .s{n}{{break-before:right}}")
        if page.numbered:
            number = f"content:'— ' counter(page) ' —';font:14pt {_family(fonts.page_number)};vertical-align:top;"
            gap = f"padding-top:{min(7, page.bottom / 4)}mm"
            pages.append(
                f"@page s{n}:right{{@bottom-right{{{number}{gap};padding-right:5mm}}}}"
                f"@page s{n}:left{{@bottom-left{{{number}{gap};padding-left:5mm}}}}"
            )
        if section.fonts not in (None, fonts):
            pages.append(_other_fonts(f".s{n}", section.fonts))
    return "\n".join([_rules(fonts), *pages])


def _other_fonts(scope: str, fonts: Fonts) -> str:
    """What a section prints in fonts of its own."""
    return f"""
{scope} h1 {{ {_title(fonts)} }} {scope} table {{ {_cells(fonts)} }}
{scope} td.label, {scope} th, {scope} b {{ font-family: {_family(fonts.label)}; }}
"""


def _title(fonts: Fonts) -> str:
    return f"font: {fonts.title_size}pt/{round(fonts.title_size * 16 / 11)}pt {_family(fonts.title)};"


def _cells(fonts: Fonts) -> str:
    return f"font: {fonts.cell_size}pt/{fonts.cell_size * 5 / 3:.2f}pt {_family(fonts.cell)};"


def _rules(fonts: Fonts) -> str:
    return f"""
body {{ margin: 0; font: 16pt/28pt {_family(fonts.body)}; text-align: justify; overflow-wrap: anywhere; }}
section {{ break-before: page; }} section:first-child {{ break-before: auto; }}
p, h1, h2, h3 {{ margin: 0; font-weight: normal; white-space: pre-wrap; break-after: auto; }}
h1 {{ {_title(fonts)} text-align: center; margin-bottom: 12pt; break-after: avoid;
  bookmark-level: none; }}
h1[id] {{ bookmark-level: 1; }}
.contents {{ display: flex; text-align: left; }} .contents a {{ color: inherit; text-decoration: none; }}
.contents .dots {{ flex: 1; margin: 0 1mm; }} .contents .dots::after {{ content: leader(dotted); }}
.contents .here::after {{ content: target-counter(attr(href url), page); }}
h2 {{ font: 16pt/28pt {_family(fonts.heading)}; text-indent: 2em; break-after: avoid; bookmark-level: 1; }}
h3 {{ font: 16pt/28pt {_family(fonts.subheading)}; text-indent: 2em; break-after: avoid; bookmark-level: 2; }}
.indent {{ text-indent: 2em; }} .small {{ font-size: 12pt; line-height: 20pt; }}
.left {{ text-align: left; }} .center {{ text-align: center; }} .right {{ text-align: right; }}
.line {{ display: flex; justify-content: space-between; font-size: 12pt; line-height: 24pt; }}
.pages::after {{ content: counter(pages); font-style: normal; }}
.sign {{ text-align: right; margin-top: 28pt; }}
.break {{ break-after: page; height: 0; }}
table {{ width: 100%; border-collapse: collapse; table-layout: fixed; margin: 0 0 6pt; {_cells(fonts)} }}
td, th {{ border: 0.5pt solid #000; padding: {LINE_PADDING}mm {CELL_PADDING}mm; font-weight: normal; text-align: left;
  vertical-align: middle; }}
tfoot td {{ border-width: 0.5pt 0 0 0; padding: 0; height: 0; line-height: 0; }} /* closes what runs on */
tr {{ break-inside: avoid; }} tr.splits {{ break-inside: auto; }} tr.next {{ break-after: avoid; }}
td.label, th {{ font-family: {_family(fonts.label)}; text-align: center; }}
td.label {{ padding-left: 0.5mm; padding-right: 0.5mm; }}
td.text {{ vertical-align: top; }} td.open-top {{ border-top: none; }} td.open-bottom {{ border-bottom: none; }}
td.center {{ text-align: center; }} td.right {{ text-align: right; }}
b {{ font-family: {_family(fonts.label)}; font-weight: normal; }}
.tight td, .tight th {{ padding: 0.4mm 0.4mm; line-height: 1.35; }}
.photos {{ display: flex; justify-content: space-around; padding: 2mm 0; break-inside: avoid; }}
figure {{ margin: 0; text-align: center; }} img {{ display: block; margin: 0 auto; }}
figcaption {{ font-size: 10.5pt; line-height: 16pt; }}
"""
