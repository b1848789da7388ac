#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read exports back with readers that are not ours, and compare them with the database.

check_export.py all FOLDER DATABASE COSTS METRICS  every WHAT.FORMAT in FOLDER: the same rows in each
                                                   format, as many as SQL counts, with the totals of
                                                   `costs --json` and `metrics --json`
check_export.py names FOLDER DATABASE              no file in FOLDER has a name that is in DATABASE
"""

import csv
import json
import os
import re
import sqlite3
import sys

COUNTS = {
    "sessions": "SELECT count(*) FROM conversations WHERE seen <> 0",
    "events": "SELECT (SELECT count(*) FROM claude_row) + (SELECT count(*) FROM other_row)",
    "turns": "SELECT count(*) FROM conversation_turns WHERE shadowed = 0",
    "tool_calls": "SELECT count(*) FROM tool_calls",
    "model_calls": "SELECT count(*) FROM model_calls",
    "costs": None,
    "metrics": None,
}
JSON_COLUMNS = {"payload", "models"}
problems = []


def check(condition, *words):
    if not condition:
        problems.append(" ".join(str(word) for word in words))


def same(cell, value, column):
    """A cell of a CSV and a value of JSON."""
    if value is None or value is False:
        return cell in ("", "false")
    if value is True:
        return cell == "true"
    if column in JSON_COLUMNS:
        return json.loads(cell) == value
    if isinstance(value, (int, float)):
        return float(cell) == value
    return cell == value


def read(folder, what):
    def open_it(form):
        return open(os.path.join(folder, f"{what}.{form}"), encoding="utf-8", newline="")

    with open_it("jsonl") as file:
        lines = [json.loads(line) for line in file]
    with open_it("json") as file:
        whole = json.load(file)
    with open_it("csv") as file:
        table = list(csv.reader(file, strict=True))
    with open_it("md") as file:
        markdown = file.read().split("\n")
    return lines, whole, table, markdown


def compare(what, lines, whole, table, markdown):
    head, cells = table[0], table[1:]
    check(whole["schema_version"] == 1 and whole["what"] == what, what, "json head")
    check(whole["rows"] == lines, what, "json and jsonl differ")
    check(len(cells) == len(lines), what, "csv has", len(cells), "rows, jsonl", len(lines))
    for row, line in zip(cells, lines):
        check(len(row) == len(head), what, "csv row of", len(row), "cells")
        check(set(line) <= set(head), what, "unknown members", set(line) - set(head))
        for name, cell in zip(head, row):
            check(same(cell, line.get(name), name), what, name, repr(cell), line.get(name))
    check(markdown[-1] == "" and len(markdown) == len(lines) + 3, what, "markdown rows")
    for row in markdown[:-1]:
        bars = len(re.findall(r"(?<!\\)(?:\\\\)*\|", row))
        check(bars == len(head) + 1, what, "markdown row of", bars - 1, "cells")


def total(lines, name):
    return sum(line[name] or 0 for line in lines)


def check_costs(lines, answer):
    whole = answer["total"]
    for name in ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read", "total"):
        mine = total(lines, "tokens_" + name)
        check(mine == whole["tokens"][name], "costs", name, mine, whole["tokens"][name])
    check(abs(total(lines, "cost_usd") - (whole["cost_usd"] or 0)) < 1e-9, "costs cost_usd",
          total(lines, "cost_usd"), whole["cost_usd"])
    check(total(lines, "model_calls") == whole["model_calls"] > 0, "costs model_calls")


def check_metrics(lines, answer):
    for name in ("prompts", "tool_calls", "tool_calls_ok", "tool_calls_error", "model_calls",
                 "tokens_input", "tokens_output", "tokens_total", "lines_added", "lines_removed"):
        mine, theirs = total(lines, name), answer["metrics"][name]
        check(mine == theirs, "metrics", name, mine, theirs)
    check(answer["metrics"]["tool_calls"] > 0, "metrics has nothing to compare")


def check_all(folder, database, costs, metrics):
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    for what, count in COUNTS.items():
        lines, whole, table, markdown = read(folder, what)
        compare(what, lines, whole, table, markdown)
        check(lines, what, "has no rows")
        if count:
            n = db.execute(count).fetchone()[0]
            check(n == len(lines), what, "SQL counts", n, "exported", len(lines))
        if what == "costs":
            with open(costs, encoding="utf-8") as file:
                check_costs(lines, json.load(file))
        if what == "metrics":
            with open(metrics, encoding="utf-8") as file:
                check_metrics(lines, json.load(file))


# Words of the database that anybody has.
PUBLIC = {"claude_code", "claude-code"}


def names_of(database):
    """Every text that could tell whose data this is: ids, hashes, names of projects."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    found = set()
    queries = (
        "SELECT external_id FROM conversations",
        "SELECT project_name FROM conversations",
        "SELECT project_hash FROM conversations",
        "SELECT git_branch_hash FROM conversations",
        "SELECT app_version FROM conversations",
        "SELECT request_id FROM model_calls",
        "SELECT model FROM model_calls",
        "SELECT content_hash FROM conversation_turns",
        "SELECT prompt_id FROM conversation_turns",
        "SELECT file_hash FROM code_changes",
        "SELECT old_hash FROM code_changes",
        "SELECT new_hash FROM code_changes",
        "SELECT input_hash FROM tool_calls",
        "SELECT agent_id FROM tool_calls",
        "SELECT printf('%016x', id) FROM tool_calls",
        "SELECT printf('%016x', id) FROM model_calls",
        "SELECT lower(hex(event_id)) FROM claude_row",
        "SELECT message_id FROM claude_row",
        "SELECT lower(hex(uuid)) FROM claude_row WHERE typeof(uuid) = 'blob'",
        "SELECT text FROM name WHERE length(text) >= 16",
        "SELECT tool FROM tool_calls WHERE tool LIKE '%acme%'",
        "SELECT extension FROM code_changes WHERE extension LIKE '%acme%'",
    )
    for query in queries:
        texts = {row[0] for row in db.execute(query) if row[0] and len(row[0]) >= 4}
        found |= texts
    return found - PUBLIC


def check_names(folder, database):
    names = names_of(database)
    check(len(names) > 50, "only", len(names), "names to look for")
    check({"AcmeDeploy", "acme-7", "acme"} <= names, "no names of one's own to look for", names)
    files = sorted(os.listdir(folder))
    check(len(files) >= 5, "only", files)
    for file in files:
        with open(os.path.join(folder, file), "rb") as handle:
            text = handle.read()
        for name in names:
            check(name.encode() not in text, file, "has the name", name)
        # No time finer than a day.
        check(not re.search(rb"\d\d:\d\d|T\d\d", text) or file.endswith(".parquet"), file,
              "has a time of day")


def main():
    if sys.argv[1] == "all":
        check_all(*sys.argv[2:])
    else:
        check_names(*sys.argv[2:])
    for problem in problems[:20]:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
