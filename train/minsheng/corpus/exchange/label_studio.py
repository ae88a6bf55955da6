"""Label Studio's JSON: tasks with `data`, `annotations` (people) and `predictions` (a model, a rule).

A text is labelled by one `<Choices choice="multiple">`. All columns of a row travel in `data`, which Label
Studio hands back untouched; labels are an annotation; a suggestion is a prediction besides, whose score is
the confidence in its least certain domain, so that tasks can be sorted by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from minsheng.corpus.exchange.rows import Line, Row, dump, replace, suggestion_of
from minsheng.errors import DataError
from minsheng.taxonomy import Taxonomy

CONTROL = "labels"  # name of the <Choices> tag in our interface


def interface(taxonomy: Taxonomy) -> str:
    """The labelling interface (XML) for a project: the text and a box a domain.

    People read the Chinese names; `alias` puts the keys into the results.
    """
    choices = "\n".join(
        f"    <Choice value={quoteattr(domain.name.zh)} alias={quoteattr(domain.key)}"
        f" hint={quoteattr(domain.definition.zh if domain.definition else domain.name.en)}/>"
        for domain in taxonomy.domains
    )
    return (
        '<View>\n  <Text name="text" value="$text"/>\n'
        f'  <Choices name="{CONTROL}" toName="text" choice="multiple" showInline="true">\n{choices}\n'
        "  </Choices>\n</View>\n"
    )


def write(rows: Sequence[Row], path: Path) -> None:
    """An array with one task a line."""
    tasks = [dump(_task(row)) for row in rows]
    text = "[\n" + ",\n".join(tasks) + "\n]\n"
    replace(path, lambda place: place.write_text(text, encoding="utf-8", newline="\n"))


def _task(row: Row) -> dict[str, Any]:
    task: dict[str, Any] = {"data": {key: value for key, value in row.items() if key != "labels"}}
    if "labels" in row:
        task["annotations"] = [{"result": _result(row["labels"])}]
    suggestion = suggestion_of(row)
    if suggestion is not None:
        prediction: dict[str, Any] = {"result": _result(suggestion["labels"])}
        if suggestion.get("model"):
            prediction["model_version"] = str(suggestion["model"])
        scores = suggestion.get("scores")
        if isinstance(scores, dict) and scores:
            prediction["score"] = min(max(p, 1 - p) for p in map(float, scores.values()))
        task["predictions"] = [prediction]
    return task


def _result(labels: Sequence[str]) -> list[dict[str, Any]]:
    if not labels:
        return []
    value = {"choices": list(labels)}
    return [
        {"id": CONTROL, "from_name": CONTROL, "to_name": "text", "type": "choices", "value": value},
    ]  # fmt: skip


def read(path: Path, *, annotator: str | None = None) -> Iterator[Line]:
    """Rows of an export (JSON, not JSON-MIN); a task without an annotation is a row without labels.

    `annotator` (e-mail or number): only what that person said. A task on which several people disagree is
    an error otherwise. Cancelled annotations do not count. Raises DataError where the file is no array.
    """
    tasks = list(_elements(path))
    control = _control([task for _, task in tasks if isinstance(task, dict)], path)
    for number, (line, task) in enumerate(tasks, 1):
        where = f"{path}, line {line} (task {number})"
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            yield line, DataError(f"{where}: no 'data'; export as JSON, not as JSON-MIN")
            continue
        try:
            yield line, _row(task, control, annotator, where)
        except DataError as error:
            yield line, error
        except (AttributeError, KeyError, TypeError) as error:
            yield line, DataError(f"{where}: not a task of Label Studio ({error})")


def _elements(path: Path) -> Iterator[tuple[int, Any]]:
    """The elements of a JSON array with the lines on which they begin."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    decoder, blank = json.JSONDecoder(), " \t\r\n"

    def after_blanks(position: int) -> int:
        while text[position : position + 1] in blank and position < len(text):
            position += 1
        return position

    position = after_blanks(0)
    if text[position : position + 1] != "[":
        raise DataError(f"{path}: expected a JSON array of tasks; is it an export of Label Studio?")
    line, counted = 1, 0
    position = after_blanks(position + 1)
    while text[position : position + 1] != "]":
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}, line {error.lineno}: not valid JSON ({error.msg})") from error
        except RecursionError as error:
            raise DataError(f"{path}, line {line}: nested too deeply") from error
        yield line, value
        position = after_blanks(position)
        if text[position : position + 1] == ",":
            position = after_blanks(position + 1)
        elif text[position : position + 1] != "]":
            raise DataError(f"{path}, line {line}: the array of tasks breaks off here")


def _control(tasks: Sequence[dict[str, Any]], path: Path) -> str:
    """Name of the <Choices> that holds the labels."""
    answers = [a for task in tasks for key in ("annotations", "predictions") for a in task.get(key) or []]
    items = [r for a in answers if isinstance(a, dict) for r in a.get("result") or [] if isinstance(r, dict)]
    names = {str(item.get("from_name")) for item in items if item.get("type") == "choices"}
    if CONTROL in names or not names:
        return CONTROL
    if len(names) > 1:
        raise DataError(
            f"{path}: several choices ({', '.join(sorted(names))}) and none is named {CONTROL!r}; "
            "name the one for the domains so in the labelling interface"
        )
    return names.pop()


def _choices(answer: dict[str, Any], control: str) -> list[str]:
    return [
        choice
        for item in answer.get("result") or []
        if item.get("type") == "choices" and item.get("from_name") == control
        for choice in item["value"]["choices"]
    ]


def _who(annotation: dict[str, Any]) -> str | None:
    by = annotation.get("completed_by")
    if isinstance(by, dict):
        by = by.get("email") or by.get("username") or by.get("id")
    return None if by is None else str(by)


def _row(task: dict[str, Any], control: str, annotator: str | None, where: str) -> Row:
    row: Row = {key: value for key, value in task["data"].items() if key != "labels"}
    if "id" not in row and task.get("id") is not None:
        row["id"] = f"task-{task['id']}"
    said: dict[str | None, list[str]] = {}  # the last annotation of each person
    for annotation in task.get("annotations") or []:
        who = _who(annotation)
        if not annotation.get("was_cancelled") and annotator in (None, who or row.get("annotator")):
            said[who] = _choices(annotation, control)
    if len({frozenset(labels) for labels in said.values()}) > 1:
        people = ", ".join(sorted(str(who) for who in said))
        raise DataError(
            f"{where}: several people disagree ({people}); import one at a time with --annotator, then "
            "compare them with `minsheng corpus agree`"
        )
    if said:
        who, row["labels"] = next(iter(said.items()))
        row["annotator"] = who or row.get("annotator")
    predictions = task.get("predictions") or []
    if "suggestion" not in row and predictions:
        last = predictions[-1]
        found = {
            "labels": _choices(last, control),
            "model": last.get("model_version"),
            "score": last.get("score"),
        }
        row["suggestion"] = {key: value for key, value in found.items() if value is not None}
    return row
