"""`import_roster FILE`: what the page does, for the command line."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from branches.choices import BranchLevel
from branches.models import Branch
from members.choices import EventKind
from members.importing.batches import check_newcomers, first_of_year, import_at_once
from members.importing.compare import Comparison, State, compare_file
from members.importing.newcomers import Answer, Answers
from members.roster import UnreadableFile, write_refused

DONE, WITH_ERRORS, UNREADABLE = 0, 1, 2
WAYS = {"admitted": EventKind.ADMITTED, "transferred": EventKind.TRANSFER_IN, "opening": EventKind.OPENING}


class Command(BaseCommand):
    help = (
        "Check a roster file; with --apply import it. Exit 0 without errors, 1 with errors, 2 when it cannot be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--branch", metavar="CODE", help="organisation to import into (default: the top one)")
        parser.add_argument("--apply", action="store_true", help="write; without it nothing is written")
        parser.add_argument("--skip-errors", action="store_true", help="write the good rows, keep the refused ones")
        parser.add_argument(
            "--new-people", choices=WAYS, help="how people new to the system came; needed once a month was closed"
        )
        parser.add_argument(
            "--new-people-on",
            metavar="YYYY-MM-DD",
            default="",
            help="since when they count (default: opening, 1 January of this year; admitted, the day each one joined)",
        )
        parser.add_argument("--new-people-from", metavar="NAME", default="", help="where they were transferred from")
        parser.add_argument("--late", action="store_true", help="the date lies in a closed month: book it late")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            code = self._run(options["file"], options)
        except UnreadableFile as exc:
            error = {"sheet": "", "row": 0, "column": "", "code": exc.code, "message": exc.message}
            self._print(options, {**EMPTY, "errors": [error]}, exc.message)
            code = UNREADABLE
        if code:
            sys.exit(code)

    def _run(self, path: Path, options: dict[str, Any]) -> int:
        organisation = self._organisation(options["branch"])
        data = self._read(path)
        with transaction.atomic():
            comparison = compare_file(
                data, path.name, organisation=organisation, paths=None, today=timezone.localdate()
            )
            something = comparison.of(State.NEW) or comparison.of(State.CHANGED)
            answers = self._answers(options)
            try:
                check_newcomers(organisation, comparison, answers, first_of_year())
                unclear = []
            except ValidationError as exc:
                unclear = [self._unclear(name, texts[0]) for name, texts in exc.message_dict.items()]
            applied = bool(options["apply"] and not unclear and (options["skip_errors"] or not comparison.errors))
            if applied and something:
                import_at_once(
                    organisation=organisation,
                    file_name=path.name,
                    data=data,
                    comparison=comparison,
                    opening_on=first_of_year(),
                    answers=answers,
                    actor=None,
                )
        result = comparison.as_json(applied=applied)
        result["errors"] += unclear
        text = "\n".join(self._lines(comparison, unclear, applied=applied))
        refused = comparison.of(State.REFUSED)
        if refused and applied:
            kept = path.with_name(f"{path.stem}-不能导入的{len(refused)}行.xlsx")
            try:
                kept.write_bytes(write_refused([line.row for line in refused]))
                text += f"\n不能导入的行已保存到 {kept}，改好后可再导入。"
            except OSError as exc:
                self.stderr.write(f"不能导入的行没有存成文件（{exc.strerror}），可在网页的导入记录中下载。")
        self._print(options, result, text)
        return WITH_ERRORS if comparison.errors or unclear else DONE

    def _answers(self, options: dict[str, Any]) -> Answers:
        kind, on = WAYS.get(options["new_people"]), options["new_people_on"]
        if kind == EventKind.OPENING:
            on = on or first_of_year().isoformat()
        return Answers(Answer(kind or "", on, options["new_people_from"].strip()), late=options["late"])

    def _unclear(self, name: str, message: str) -> dict[str, Any]:
        """What is missing about the new people, as an entry of the errors that names the option."""
        option = OPTIONS.get(name, "")
        return {
            "sheet": "",
            "row": 0,
            "column": "",
            "code": "NEW_PEOPLE",
            "message": f"{message}（{option}）" if option else message,
        }

    def _organisation(self, code: str | None) -> Branch:
        if code:
            found = Branch.objects.filter(code=code, dissolved_on__isnull=True).exclude(level=BranchLevel.GROUP).first()
            if found is None:
                raise UnreadableFile("BRANCH_UNKNOWN", f"没有编码为“{code}”的党支部或上级党组织。")
            return found
        top = Branch.objects.get_root_nodes().first()
        if top is None:
            raise UnreadableFile("NO_ORGANISATION", "系统中还没有党组织，请先完成初始设置。")
        return Branch.objects.get(pk=top.pk)

    def _read(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > settings.ROSTER_FILE_LIMIT:
                size = settings.ROSTER_FILE_LIMIT // 2**20
                raise UnreadableFile("FILE_TOO_LARGE", f"文件超过{size} MB。请删去图片和无关工作表，或分几个文件导入。")
            return path.read_bytes()
        except OSError as exc:
            raise UnreadableFile("FILE_MISSING", f"打不开文件“{path.name}”：{exc.strerror}。") from exc

    def _lines(self, comparison: Comparison, unclear: list[dict[str, Any]], *, applied: bool) -> list[str]:
        counts = {state: len(comparison.of(state)) for state in State}
        lines = [
            f"共{len(comparison.lines)}行：新增{counts[State.NEW]}，变更{counts[State.CHANGED]}，"
            f"无变化{counts[State.UNCHANGED]}，不能导入{counts[State.REFUSED]}。"
        ]
        lines += [f"  新建党支部：{name}（{people}人）" for name, people in comparison.founded]
        lines += [f"  错误 {i.sheet} {i.place}：{i.message}（{i.code}）" for i in comparison.errors]
        lines += [f"  错误 {entry['message']}（{entry['code']}）" for entry in unclear]
        lines += [f"  留意 {i.sheet} {i.place}：{i.message}（{i.code}）" for i in comparison.warnings]
        if comparison.missing:
            lines.append(f"  在册但不在表中的{len(comparison.missing)}人没有改动。")
        if comparison.beyond[0]:
            lines.append("  表中没有的另外{1}个党支部有{0}人，没有改动。".format(*comparison.beyond))
        lines.append("已导入。" if applied else "没有写入任何数据。")
        return lines

    def _print(self, options: dict[str, Any], result: dict[str, Any], text: str) -> None:
        self.stdout.write(json.dumps(result, ensure_ascii=False) if options["json"] else text)


OPTIONS = {
    "came": "--new-people admitted、transferred或opening",
    "came_on": "--new-people-on",
    "came_from": "--new-people-from",
    "late": "--late",
}
EMPTY = {"rows": 0, "create": 0, "update": 0, "unchanged": 0, "errors": [], "warnings": [], "applied": False}
