"""English texts of every code a register can answer with. Edges translate them: `_(text(code)) % params`."""

from crm import phones


def gettext_noop(text: str) -> str:
    """Marks a text for the catalogue without needing Django here."""
    return text


FILE_TEXTS: dict[str, str] = {
    "file_empty": gettext_noop("The file is empty."),
    "file_too_large": gettext_noop("The file is larger than %(limit)s MB."),
    "file_unpacked_too_large": gettext_noop("Unpacked, the workbook is larger than %(limit)s MB."),
    "file_ratio": gettext_noop("The workbook is packed suspiciously tight and was not opened."),
    "file_damaged": gettext_noop("The file is damaged; open it in a spreadsheet and save it again."),
    "file_encrypted": gettext_noop("The workbook is protected by a password; save it without one."),
    "file_unsupported": gettext_noop("This is %(kind)s; save it as xlsx or CSV."),
    "file_encoding": gettext_noop("The text of the file cannot be read; save it as UTF-8 or xlsx."),
    "too_many_rows": gettext_noop("The sheet “%(sheet)s” reaches beyond row %(limit)s; split the file."),
    "too_many_columns": gettext_noop("The sheet “%(sheet)s” has more than %(limit)s columns."),
    "too_many_sheets": gettext_noop("The workbook has more than %(limit)s sheets."),
    "unclosed_quote": gettext_noop("A quotation mark opened in row %(row)s is never closed."),
    "cell_too_long": gettext_noop("A cell in row %(row)s is longer than %(limit)s characters."),
    "line_too_long": gettext_noop(
        "Line %(row)s is too long for a row of a register; check how the file was saved."
    ),
    "no_table": gettext_noop("No sheet holds a table with phone numbers and dates."),
}

ROW_TEXTS: dict[str, str] = {
    "phone_column_missing": gettext_noop("No column holds phone numbers"),
    "date_column_missing": gettext_noop("No column holds the date"),
    "date_empty": gettext_noop("No date"),
    "date_not_a_date": gettext_noop("This is not a date"),
    "date_impossible": gettext_noop("No such day or time exists"),
    "date_future": gettext_noop("The date lies in the future"),
    "date_too_early": gettext_noop("The date is too long ago"),
    "date_time_only": gettext_noop("A time without a day"),
    "date_lunar": gettext_noop("A date of the lunar calendar"),
    "time_unreadable": gettext_noop("The time of day was not understood"),
    "too_long": gettext_noop("Longer than %(limit)s characters"),
    "phone_partly_read": gettext_noop("A part of the phone cell was not understood"),
    "name_missing": gettext_noop("No name"),
    "grade_from_word": gettext_noop("The grade was read from a word"),
    "grade_unknown": gettext_noop("Not a known grade; left ungraded"),
    "grade_is_stage": gettext_noop("A stage, not a grade; left ungraded"),
    "gender_unknown": gettext_noop("Neither Mr nor Ms"),
    "gender_conflict": gettext_noop("Name and gender column disagree; the column counts"),
    "visits_unknown": gettext_noop("Neither a first nor a repeat visit"),
    "party_size_unknown": gettext_noop("Not a number of people"),
    "register_unknown": gettext_noop("Neither a call nor a visit; read as the rest of the file"),
    "unreadable_characters": gettext_noop("Some characters could not be read"),
    "default_date_used": gettext_noop("No date; the file's default date was used"),
}

PHONE_TEXTS: dict[str, str] = {problem.value: phones.message(problem) for problem in phones.Problem}

TEXTS: dict[str, str] = FILE_TEXTS | ROW_TEXTS | PHONE_TEXTS


def text(code: str) -> str:
    """The English text of a code, with %(name)s placeholders for its parameters."""
    return TEXTS[code]
