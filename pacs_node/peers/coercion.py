r"""The notation of coercion rules: `PatientID: prefix "MINATO-"`, `out StudyDescription: replace "CHEST" "胸部"`.

A rule is `[in|out] KEYWORD: OPERATION ["text"…] [when KEYWORD "text"]`. `in`, which need not be written, changes
what the index says of the instances that the peer sends; `out` changes the data sets that are sent to it. Inside
quotation marks `\"` is a quotation mark; a backslash itself parts the values of an attribute and is in no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pydicom.datadict import dictionary_VR, keyword_dict

from pacs_node.header.values import da, tm
from pacs_node.peers.errors import WrongCoercion
from shared_kernel.errors import Text

MOST_RULES = 50
_LONGEST_RULE = 500
_TOKEN = re.compile(r'\s*(?:(?P<word>[A-Za-z][A-Za-z0-9]*)|"(?P<text>(?:[^"\\]|\\")*)"|(?P<colon>:))')

TEXTS = frozenset({"LO", "SH", "LT", "ST", "UT", "UC", "PN", "CS"})
_MOMENTS = frozenset({"DA", "TM"})
LONGEST = {"LO": 64, "SH": 16, "CS": 16, "ST": 1024, "LT": 10240, "PN": 64}
"""Characters that one value has at most (PS3.5 table 6.2-1); of PN, one component group."""
CODE_STRING = re.compile(r"[A-Z0-9_ ]{0,16}")
_IDENTITY = frozenset({"PatientID", "PatientName", "PatientBirthDate", "PatientSex"})
# What says how the bytes are to be read, or which side of a body is seen, is no matter of taste.
_NEVER = frozenset(
    {
        "SpecificCharacterSet",
        "TimezoneOffsetFromUTC",
        "QueryRetrieveLevel",
        "ImageType",
        "Laterality",
        "ImageLaterality",
        "FrameLaterality",
        "MeasurementLaterality",
        "PatientPosition",
        "PatientOrientation",
        "ViewPosition",
    }
)
_LAST_GROUP = 0x0021
"""Groups above it describe pixels, waveforms and presentation; below 0008 are file meta, command and directory."""
_FIRST_GROUP = 0x0008
_SHOWN_GROUPS = frozenset({0x0032, 0x0038, 0x0040, 0x4008})
"""Requests, visits and procedure steps: texts again."""

INDEXED = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "Modality",
    "ReferringPhysicianName",
    "StudyDescription",
    "SeriesDescription",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "BodyPartExamined",
    "StudyID",
    "SeriesDate",
    "SeriesTime",
)
"""What a rule for incoming instances can change: the texts of the index."""


class Direction(StrEnum):
    """Whose instances a rule is about."""

    INCOMING = "in"
    """Those that the peer sends: their index copy."""
    OUTGOING = "out"
    """Those that are sent to the peer: the data sets."""


class Operation(StrEnum):
    """What is done to a value. An empty value stays empty, but for `set` and `default`."""

    SET = "set"
    """It becomes the text."""
    DEFAULT = "default"
    """It becomes the text where it is empty."""
    PREFIX = "prefix"
    """The text is put before it."""
    SUFFIX = "suffix"
    """The text is put behind it."""
    UNPREFIX = "unprefix"
    """The text is taken off its beginning."""
    UNSUFFIX = "unsuffix"
    """The text is taken off its end."""
    REPLACE = "replace"
    """Every occurrence of the first text becomes the second."""
    STRIP = "strip"
    """Spaces at both ends go, full-width ones too."""
    UPPER = "upper"
    """Small letters become capital ones."""
    CLEAR = "clear"
    """It becomes empty."""


_TEXTS_WANTED = {Operation.REPLACE: 2, Operation.STRIP: 0, Operation.UPPER: 0, Operation.CLEAR: 0}
_FOR_MOMENTS = frozenset({Operation.SET, Operation.DEFAULT, Operation.CLEAR})


@dataclass(frozen=True, slots=True)
class Condition:
    """The attribute had exactly this value before any rule was applied."""

    keyword: str
    value: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `str` gives the notation back."""

    direction: Direction
    keyword: str
    operation: Operation
    texts: tuple[str, ...] = ()
    when: Condition | None = None

    @property
    def vr(self) -> str:
        """The attribute's value representation."""
        return dictionary_VR(self.keyword)

    def __str__(self) -> str:
        words = ["out"] if self.direction is Direction.OUTGOING else []
        words += [f"{self.keyword}:", self.operation.value, *map(_quoted, self.texts)]
        if self.when:
            words += ["when", self.when.keyword, _quoted(self.when.value)]
        return " ".join(words)

    def applied(self, value: str) -> str:
        """What becomes of one value."""
        if self.operation is Operation.SET:
            return self.texts[0]
        if self.operation is Operation.DEFAULT:
            return value if value.strip() else self.texts[0]
        return _changed(self.operation, self.texts, value) if value.strip() else value


def parse(text: str) -> Rule:
    """Read a rule. Raises WrongCoercion, which says what is wrong with it."""
    return _Reader(text).rule()


@lru_cache(maxsize=256)
def parsed(texts: tuple[str, ...], direction: Direction) -> tuple[Rule, ...]:
    """The rules of one direction, in their order; read once. Raises WrongCoercion."""
    return tuple(rule for rule in map(parse, texts) if rule.direction is direction)


def checked_rules(texts: Iterable[str]) -> tuple[str, ...]:
    """The rules in their own notation; raises WrongCoercion for the first one that is wrong."""
    rules = tuple(str(parse(text)) for text in texts)
    if len(rules) > MOST_RULES:
        raise WrongCoercion("", Text(f"規則は {MOST_RULES} 個までです。", f"There are at most {MOST_RULES} rules."))
    return rules


def _changed(operation: Operation, texts: tuple[str, ...], value: str) -> str:
    match operation:
        case Operation.PREFIX:
            return texts[0] + value
        case Operation.SUFFIX:
            return value + texts[0]
        case Operation.UNPREFIX:
            return value.removeprefix(texts[0])
        case Operation.UNSUFFIX:
            return value.removesuffix(texts[0])
        case Operation.REPLACE:
            return value.replace(texts[0], texts[1])
        case Operation.STRIP:
            return value.strip()
        case Operation.UPPER:
            return value.upper()
        case _:
            return ""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


class _Reader:
    """Reads one rule from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._at = 0

    def rule(self) -> Rule:
        if len(self._text) > _LONGEST_RULE:
            raise self._wrong(
                f"{_LONGEST_RULE} 文字より長い規則は使えません。", f"A rule has at most {_LONGEST_RULE} characters."
            )
        word = self._word("属性のキーワード", "an attribute's keyword")
        direction = Direction.INCOMING
        if word in {Direction.INCOMING, Direction.OUTGOING}:
            direction = Direction(word)
            word = self._word("属性のキーワード", "an attribute's keyword")
        self._check_keyword(word, direction)
        self._expect_colon()
        operation = self._operation()
        texts = tuple(self._quoted_text() for _ in range(_TEXTS_WANTED.get(operation, 1)))
        when = self._condition(direction)
        rule = Rule(direction, word, operation, texts, when)
        self._check_operation(rule)
        return rule

    def _operation(self) -> Operation:
        known = ", ".join(Operation)
        word = self._word(f"操作（{known}）", f"an operation ({known})")
        try:
            return Operation(word)
        except ValueError:
            raise self._wrong(
                f"「{word}」という操作はありません。{known} のどれかです。",
                f"There is no operation '{word}'; there are {known}.",
            ) from None

    def _condition(self, direction: Direction) -> Condition | None:
        if self._at >= len(self._text):
            return None
        word = self._word("when か規則の終わり", "when, or the end")
        if word != "when":
            raise self._wrong(f"「{word}」の前で規則は終わるはずです。", f"The rule should end before '{word}'.")
        keyword = self._word("条件の属性", "the attribute of the condition")
        if keyword not in keyword_dict or (dictionary_VR(keyword) not in TEXTS | _MOMENTS | {"UI"}):
            raise self._wrong(
                f"「{keyword}」は条件に使えません。", f"'{keyword}' is no attribute that a condition can ask for."
            )
        if direction is Direction.INCOMING and keyword not in {*INDEXED, "SOPClassUID"}:
            raise self._not_indexed(keyword)
        condition = Condition(keyword, self._quoted_text())
        if self._at < len(self._text):
            raise self._wrong("条件の後に余分な文字があります。", "There is something behind the condition.")
        return condition

    def _check_keyword(self, keyword: str, direction: Direction) -> None:
        if keyword not in keyword_dict:
            raise self._wrong(
                f"「{keyword}」という DICOM 属性はありません。", f"There is no DICOM attribute '{keyword}'."
            )
        vr, group = dictionary_VR(keyword), keyword_dict[keyword] >> 16
        if vr == "UI":
            raise self._wrong("UID は書き換えられません。", "UIDs are never changed.")
        if (
            vr not in TEXTS | _MOMENTS
            or keyword in _NEVER
            or not (_FIRST_GROUP <= group <= _LAST_GROUP or group in _SHOWN_GROUPS)
        ):
            raise self._wrong(f"「{keyword}」は書き換えられません。", f"'{keyword}' can't be changed by a rule.")
        if direction is Direction.INCOMING and keyword not in INDEXED:
            raise self._not_indexed(keyword)

    def _check_operation(self, rule: Rule) -> None:
        if rule.operation in {Operation.UNPREFIX, Operation.UNSUFFIX, Operation.REPLACE} and not rule.texts[0]:
            raise self._wrong("探す文字列が空です。", "The text to look for is empty.")
        whole = rule.operation in {Operation.SET, Operation.DEFAULT}
        if rule.keyword in _IDENTITY and whole and not (rule.when and rule.when.keyword == "PatientID"):
            raise self._wrong(
                "患者を表す属性を一律の値にすると別人が一人になります。when PatientID を付けてください。",
                "One value for everybody would make one patient of many: add when PatientID.",
            )
        if rule.vr in _MOMENTS:
            self._check_moment(rule)
        elif whole and not fits(rule.vr, rule.texts[0]):
            raise self._wrong(
                f"{rule.keyword} ({rule.vr}) の値として正しくありません。",
                f"This is no value of {rule.keyword} ({rule.vr}).",
            )

    def _check_moment(self, rule: Rule) -> None:
        if rule.operation not in _FOR_MOMENTS:
            raise self._wrong(
                "日付と時刻に使えるのは set・default・clear だけです。",
                "Of a date or a time there is set, default and clear only.",
            )
        if rule.texts and not (da if rule.vr == "DA" else tm)(rule.texts[0]):
            raise self._wrong(
                "日付は 20260401、時刻は 093000 のように書いてください。",
                "Write a date like 20260401 and a time like 093000.",
            )

    def _next(self) -> re.Match[str] | None:
        match = _TOKEN.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _word(self, ja: str, en: str) -> str:
        match = self._next()
        if match is None or match["word"] is None:
            raise self._wrong(f"{ja}が必要です。", f"There should be {en}.")
        return match["word"]

    def _expect_colon(self) -> None:
        match = self._next()
        if match is None or match["colon"] is None:
            raise self._wrong("キーワードの後に : が必要です。", "There should be a colon behind the keyword.")

    def _quoted_text(self) -> str:
        match = self._next()
        if match is None or match["text"] is None:
            raise self._wrong('"…" で囲んだ文字列が必要です。', 'There should be a text in quotation marks: "…".')
        text = match["text"].replace('\\"', '"')
        if not text.isprintable():
            raise self._wrong("制御文字は使えません。", "Control characters can't be used.")
        return text

    def _not_indexed(self, keyword: str) -> WrongCoercion:
        known = ", ".join(INDEXED)
        return self._wrong(
            f"索引に「{keyword}」はありません。受信の規則に使えるのは {known} です。",
            f"The index has no '{keyword}'; incoming rules know {known}.",
        )

    def _wrong(self, ja: str, en: str) -> WrongCoercion:
        return WrongCoercion(self._text, Text(ja, en))


def fits(vr: str, value: str) -> bool:
    """Whether one value is as long, and of such characters, as its VR lets it be (PS3.5 table 6.2-1)."""
    if vr == "CS":
        return CODE_STRING.fullmatch(value) is not None
    parts = value.split("=") if vr == "PN" else [value]
    return all(len(part) <= LONGEST.get(vr, len(part)) for part in parts)
