"""Reading rows back by their keys, thousands in one request: what D365 has of what we sent, or are about to send.

A key without a row is absent, and that is proof; so every answer is compared with the keys that were asked for (a `*` means
"anything" to D365's filters), and keys are equal where they are one to D365.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from shared.d365 import entities, records
from shared.d365.entities import CHILDREN, ReadSet
from shared.d365.evidence_sets import READ_STATEMENTS_OF_SHIFTS
from shared.d365.odata import any_of, condition, in_portions
from shared.d365.questions import QUESTIONS_MAX, Question, answers_of, request_of
from shared.d365.reader import Reader
from shared.d365.records import HeaderRow, ShiftKey, ShiftRow, ShiftStatement
from shared.d365.wire import ANSWER_BYTES_MAX, AnswerTooLargeError
from shared.retail.mapped import D365Key

Found = dict[str, object]
ChildrenByKey = Mapping[D365Key, Mapping[str, list[Found]]]


class KeyedReader(Reader):
    """Questions by key. Numbers repeat between stores: rows of other keys are left out."""

    answer_bytes_max = ANSWER_BYTES_MAX

    async def headers_by_key(self, keys: Collection[D365Key]) -> list[HeaderRow]:
        """Give the headers that exist under these keys. A key without a row here is absent: that is proof."""
        wanted = set(keys)
        questions = list(_by_number(entities.READ_HEADERS, wanted))
        rows = [
            records.header_row(row) for rows in await self._ask_all("read_by_key", questions) for row in rows
        ]
        return [row for row in rows if row.key in wanted]

    async def children_by_key(self, keys: Collection[D365Key]) -> ChildrenByKey:
        """Give the children of suspect receipts, by key and entity label, as D365 has them, with every field we send."""
        wanted = set(keys)
        asked = [
            (entity.label, question)
            for entity in CHILDREN
            for question in _by_number(ReadSet(entity.odata_set, entity.fields), wanted)
        ]
        found: dict[D365Key, dict[str, list[Found]]] = {key: {} for key in wanted}
        answers = await self._ask_all("read_children", [question for _, question in asked])
        for (label, _), rows in zip(asked, answers, strict=True):
            for row in rows:
                key = records.receipt_key_of(row)
                if key in wanted:
                    found[key].setdefault(label, []).append(row)
        return found

    async def shifts_by_key(self, keys: Collection[ShiftKey]) -> list[ShiftRow]:
        """Give the shifts that exist under these keys."""
        wanted = set(keys)
        questions = list(_by_shift(entities.READ_SHIFTS, wanted))
        rows = [
            records.shift_row(row) for rows in await self._ask_all("read_shifts", questions) for row in rows
        ]
        return [row for row in rows if row.key in wanted]

    async def statements_of_shifts(self, keys: Collection[ShiftKey]) -> list[ShiftStatement]:
        """Give the shifts that exist under these keys, each with the D365 statement it is in.

        Raises:
            RejectedError: the environment does not show statements of shifts.
            AccessRefusedError: it does not show them to us.
        """
        wanted = set(keys)
        questions = list(_by_shift(READ_STATEMENTS_OF_SHIFTS, wanted))
        answers = await self._ask_all("shift_statements", questions)
        rows = [records.shift_statement(row) for rows in answers for row in rows]
        return [row for row in rows if row.key in wanted]

    async def _ask_all(self, kind: str, questions: Sequence[Question]) -> list[list[Found]]:
        """Ask questions, a thousand a request; a lone one is asked by a plain GET."""
        if len(questions) == 1:
            (only,) = questions
            pages = [page async for page in self._pages(kind, only.odata_set, only.params)]
            return [[row for page in pages for row in page]]
        answers: list[list[Found]] = []
        for at in range(0, len(questions), QUESTIONS_MAX):
            answers += await self._ask_some(kind, questions[at : at + QUESTIONS_MAX])
        return answers

    async def _ask_some(self, kind: str, questions: Sequence[Question]) -> list[list[Found]]:
        """Ask questions in one request; in two, and so on, where the answer is too large; page by page, where one is."""
        content_type, content = request_of(questions)
        headers = {
            "Content-Type": content_type, "Accept": "multipart/mixed", "Prefer": "odata.continue-on-error",
        }  # fmt: skip
        try:
            answer = await self._wire.call(
                kind,
                "POST",
                "/data/$batch",
                content=content,
                headers=headers,
                bytes_max=self.answer_bytes_max,
            )
        except AnswerTooLargeError:
            half = len(questions) // 2
            halves = (questions[:half], questions[half:])
            return [rows for some in halves for rows in await self._ask_all(kind, some)]
        found = answers_of(kind, answer.content_type, answer.content, len(questions))
        return [
            (await self._ask_all(kind, [one]))[0] if rows is None else rows
            for one, rows in zip(questions, found, strict=True)
        ]


def _by_number(source: ReadSet, keys: Iterable[D365Key]) -> Iterator[Question]:
    numbers = sorted({key.transaction_number for key in keys})
    for portion in in_portions(numbers):
        yield _question(source, (condition("TransactionNumber", "eq", number) for number in portion))


def _by_shift(source: ReadSet, keys: Iterable[ShiftKey]) -> Iterator[Question]:
    numbers = [str(number) for number in sorted({key.number for key in keys})]
    for portion in in_portions(numbers):
        yield _question(source, (condition("BatchShiftId", "eq", int(number)) for number in portion))


def _question(source: ReadSet, conditions: Iterable[str]) -> Question:
    return Question(source.odata_set, {"$filter": any_of(conditions), "$select": source.select})
