"""Small workbooks made by hand: plain ones for reading, crooked ones for attacking."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

DATA = Path(__file__).resolve().parents[2] / "data" / "registers"
TODAY = date(2026, 11, 23)

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="0"/><cellXfs count="2"><xf numFmtId="0"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def column(index: int) -> str:
    return chr(65 + index) if index < 26 else chr(64 + index // 26) + chr(65 + index % 26)


def sheet_xml(rows: Sequence[Sequence[object]], merges: Sequence[str] = ()) -> str:
    """Strings inline, numbers as numbers, dates as serials with a date format, None not written."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(
            _cell(f"{column(i)}{number}", value) for i, value in enumerate(row) if value is not None
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    merged = "".join(f'<mergeCell ref="{ref}"/>' for ref in merges)
    tail = f'<mergeCells count="{len(merges)}">{merged}</mergeCells>' if merges else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData>{tail}</worksheet>'


def _cell(ref: str, value: object) -> str:
    if isinstance(value, date):
        return f'<c r="{ref}" s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{ref}"><v>{value}</v></c>'
    return f'<c r="{ref}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def xlsx(
    sheets: Mapping[str, str],
    *,
    hidden: Iterable[str] = (),
    date1904: bool = False,
    extra: Mapping[str, bytes] | None = None,
) -> bytes:
    """A workbook of ready sheet XML by name."""
    names = list(sheets)
    entries = "".join(_entry(i, name, name in hidden) for i, name in enumerate(names, 1))
    epoch = '<workbookPr date1904="1"/>' if date1904 else ""
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{epoch}<sheets>{entries}</sheets></workbook>'
    targets = "".join(_target(i, f"worksheets/sheet{i}.xml", "worksheet") for i in range(1, len(names) + 1))
    targets += _target(99, "styles.xml", "styles")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _relationships(_target(1, "xl/workbook.xml", "officeDocument")))
        archive.writestr("xl/workbook.xml", book)
        archive.writestr("xl/_rels/workbook.xml.rels", _relationships(targets))
        archive.writestr("xl/styles.xml", _STYLES)
        for i, name in enumerate(names, 1):
            archive.writestr(f"xl/worksheets/sheet{i}.xml", sheets[name])
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return stream.getvalue()


def _entry(number: int, name: str, hidden: bool) -> str:
    state = ' state="hidden"' if hidden else ""
    return f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"{state}/>'


def _target(number: int, path: str, kind: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{path}"/>'


def _relationships(inner: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}">{inner}</Relationships>'


def workbook(rows: Sequence[Sequence[object]], merges: Sequence[str] = (), name: str = "Sheet1") -> bytes:
    return xlsx({name: sheet_xml(rows, merges)})


def delimited(
    rows: Sequence[Sequence[str]], encoding: str = "utf-8", delimiter: str = ",", end: str = "\r\n"
) -> bytes:
    """A text file as spreadsheets write it: cells that need it are quoted."""
    lines = []
    for row in rows:
        quoted = (
            f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set(delimiter + '"\n') else cell
            for cell in row
        )
        lines.append(delimiter.join(quoted))
    return (end.join(lines) + end).encode(encoding)
