"""Texts from a target as data, in Markdown and in XML."""

import re

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    """For Markdown: nothing in it is markup or HTML, on one line."""
    text = " ".join(text.split())
    for character in "\\`*_[]<>|#":
        text = text.replace(character, "\\" + character)
    return text


def code(text: str) -> str:
    """For Markdown, as code; also in a table, where a line would end at `|`."""
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|") + "`"


def xml_characters(text: str) -> str:
    """What XML may contain: a character that it may not, such as an escape, becomes "?"."""
    return _NOT_XML.sub("?", text)


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 column", "2 columns"."""
    return f"{count} {one if count == 1 else many or one + 's'}"
