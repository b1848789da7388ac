#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules of this house that no compiler checks. Each has a name; docs/style.md says why.

    tools/lint.py [--layers FILE] [ROOT]

FILE ("folder: uses...") is written by CMake from the USES of each folder; without it the newest
build*/layers.txt is taken. A line may break a rule when it says so, on itself or the line above:

    /* lint: allow(banned): the kernel wants a pointer from malloc here */
"""
import argparse
import pathlib
import re
import sys

LAYER = {"base": 0, "event": 1, "price": 1, "redact": 1, "parquet": 1, "stream": 2, "store": 2, "query": 3,
         "capture": 4, "fastpath": 4, "slowpath": 4, "http": 4, "mcp": 4,
         "daemon": 5, "cli": 5, "hook": 5}

# Foreign header (prefix) -> the folders of src/ that may include it.
OWNER = {
    "sqlite3": {"store", "query"},
    "hiredis/": {"stream"},
    "libsmartcols/": {"cli"},
    "ncurses": {"cli"}, "curses.h": {"cli"}, "panel.h": {"cli"},
    "zlib.h": {"store"}, "isa-l": {"store"},
    "yaml.h": {"base"},
    "cjson/": {"query", "capture", "http", "mcp", "cli", "daemon"},
    "sys/inotify.h": {"capture", "stream"},
    "microhttpd": {"http"}, "wslay/": {"http"}, "protobuf-c": {"http"},
    "pcre2": {"redact"}, "zstd": {"parquet"},
}

# event is libc-only and is built into the hook: it has the headers of base, not its functions.
EVENT_MAY = {"base/err.h", "base/str.h"}

BANNED = {
    "strcpy": "bp_buf or memcpy with a length", "strcat": "bp_buf",
    "sprintf": "snprintf or bp_buf_printf", "vsprintf": "vsnprintf",
    "strncpy": "memcpy with a length", "strncat": "bp_buf",
    "strtok": "strcspn or bp_line_next", "strtok_r": "strcspn or bp_line_next", "gets": "bp_file_read",
    "atoi": "a parser that can fail", "atol": "a parser that can fail",
    "atoll": "a parser that can fail", "atof": "a parser that can fail",
    "strtol": "a parser that can fail", "strtoul": "a parser that can fail",
    "strtoll": "a parser that can fail", "strtoull": "a parser that can fail",
    "gmtime": "bp_tz_civil or gmtime_r", "localtime": "bp_tz_civil",
    "ctime": "bp_tz_civil", "asctime": "bp_tz_civil", "tmpnam": "mkstemp",
    "mktemp": "mkstemp", "sleep": "a wait for the event", "usleep": "a wait for the event",
    "nanosleep": "a wait for the event", "alloca": "bp_arena",
}
# These only in src/, and not where they are wrapped.
BANNED_SRC = {
    "malloc": "bp_calloc", "calloc": "bp_calloc", "realloc": "bp_realloc",
    "reallocarray": "bp_realloc", "strdup": "bp_strdup", "strndup": "bp_strdup",
    "asprintf": "bp_asprintf", "vasprintf": "bp_asprintf", "exit": "a return to main",
    "pthread_create": "bp_thread_start", "pthread_cancel": "bp_stop_request",
    "system": "posix_spawn", "popen": "posix_spawn",
    "localtime_r": "bp_tz_civil", "mktime": "bp_tz_instant",
}
WRAPPERS = {
    "src/base/mem.c": {"malloc", "calloc", "realloc", "reallocarray", "asprintf", "vasprintf"},
    "src/base/thread.c": {"pthread_create"},
}

RULES = {
    "spdx": "the first line is /* SPDX-License-Identifier: MIT */",
    "guard": "a header has the guard BP_<FOLDER>_<FILE>_H",
    "comment": "comments are /* */: a // is a note that was not meant to stay",
    "qualified": "includes of ours name their folder",
    "own-first": "a .c includes its own header first",
    "layer": "an include names a folder that is in USES",
    "direction": "USES names lower layers only",
    "owner": "a foreign library has one owner",
    "banned": "some calls have a better replacement",
    "errors": "a BP_MUSTUSE function says what its Errors are: in its comment, in one it shares with "
              "the lines above, or in the head comment for the whole header",
    "suppression": "an allow() has a known rule, a reason, and something to allow",
}

ALLOW = re.compile(r"lint: allow\(([a-z-]*)\)(:?)[ \t]*([^*\n]*)")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text):
    """The text with comments and strings blanked (lines kept), and the offsets of // comments."""
    notes = []

    def one(match):
        token = match.group(0)
        if token.startswith("//"):
            notes.append(match.start())
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(one, text), notes


class Lint:
    def __init__(self, root, uses):
        self.root, self.uses, self.found = root, uses, []

    def file(self, path):
        name = path.relative_to(self.root).as_posix()
        parts = name.split("/")
        self.name, self.text = name, path.read_text(encoding="utf-8", errors="replace")
        self.code, notes = blank(self.text)
        self.allowed = self.read_allowed()
        in_src = parts[0] == "src"
        self.folder = parts[1] if in_src and len(parts) > 2 else None

        if not self.text.startswith("/* SPDX-License-Identifier: MIT */\n"):
            self.report(0, "spdx", RULES["spdx"])
        for at in notes:
            self.report(at, "comment", "write /* */, or do not commit the note")
        if path.suffix == ".h":
            self.guard(parts)
            self.errors()
        self.includes(path)
        self.banned(in_src)
        for line, (rule, used) in sorted(self.allowed.items()):
            if not used:
                self.add(line, "suppression", f"nothing here breaks {rule}")

    def read_allowed(self):
        allowed = {}
        for match in ALLOW.finditer(self.text):
            line = self.line(match.start())
            rule, colon, reason = match.groups()
            if rule not in RULES or not colon or not reason.strip():
                self.add(line, "suppression", "form: /* lint: allow(<rule>): <reason> */")
            else:
                allowed[line] = [rule, False]
        return allowed

    def line(self, at):
        return self.text.count("\n", 0, at) + 1

    def add(self, line, rule, message):
        self.found.append((self.name, line, rule, message))

    def report(self, at, rule, message):
        line = self.line(at)
        for where in (line, line - 1):
            if where in self.allowed and self.allowed[where][0] == rule:
                self.allowed[where][1] = True
                return
        self.add(line, rule, message)

    def guard(self, parts):
        words = parts[1:] if parts[0] == "src" else parts
        want = "BP_" + re.sub(r"[^A-Z0-9]", "_", "_".join(words).upper())
        if not re.search(rf"^#ifndef {want}\n#define {want}\n", self.code, re.M):
            self.report(0, "guard", f"expected #ifndef {want}")

    def includes(self, path):
        own = path.with_suffix(".h")
        first = True
        for match in INCLUDE.finditer(self.text):
            if self.code[match.start():match.end()].strip() == "":
                continue  # in a comment
            at, (kind, header) = match.start(), match.groups()
            if kind == "<":
                for prefix, owners in OWNER.items():
                    if self.folder and header.startswith(prefix) and self.folder not in owners:
                        self.report(at, "owner", f"<{header}> belongs to "
                                    f"src/{', src/'.join(sorted(owners))}")
            elif "/" not in header:
                self.report(at, "qualified", f'"{header}": write "<folder>/{header}"')
            elif self.folder:
                self.layer(at, header)
            if first and path.suffix == ".c" and self.folder and own.exists() and \
                    header != f"{self.folder}/{own.name}":
                self.report(at, "own-first", f'"{self.folder}/{own.name}" comes first')
            first = False

    def layer(self, at, header):
        target = header.split("/")[0]
        if target == self.folder:
            return
        if self.folder not in self.uses:
            # Not in the build (yet): nothing is known about it.
            return
        if target not in self.uses[self.folder]:
            self.report(at, "layer", f'"{header}": src/{self.folder} does not USE {target}')
        elif self.folder == "event" and header not in EVENT_MAY:
            self.report(at, "layer", f'"{header}": src/event is libc only, it may have '
                        f"{' and '.join(sorted(EVENT_MAY))}")

    def banned(self, in_src):
        calls = {**BANNED, **BANNED_SRC} if in_src else BANNED
        ours = WRAPPERS.get(self.name, set())
        for match in re.finditer(r"(?<![\w.>])([a-z_]\w*)\s*\(", self.code):
            call = match.group(1)
            if call in calls and call not in ours:
                self.report(match.start(), "banned", f"{call}(): use {calls[call]}")

    def errors(self):
        head = re.match(r"/\*[^\n]*\*/\n+(/\*.*?\*/)", self.text, re.S)
        if head and "Errors:" in head.group(1):
            return
        for match in re.finditer(r"^[ \t]*(?:static inline )?BP_MUSTUSE\b", self.code, re.M):
            start = match.start()
            # A comment may serve several declarations, when no empty line is between.
            block = self.text[self.text.rfind("\n\n", 0, start) + 1:start]
            while "/*" not in block and "*/" in block:
                block = self.text[self.text.rfind("\n\n", 0, start - len(block)) + 1:start]
            comment = block[block.rfind("/*"):] if "/*" in block else ""
            if not re.search(r"\bErrors(:| as\b)", comment):
                name = re.search(r"(\w+)\s*\(", self.code[match.end():])
                self.report(start, "errors", f"{name.group(1) if name else '?'}() has no "
                            '"Errors:" in its comment')


def read_layers(path):
    uses = {}
    for line in path.read_text().splitlines():
        folder, _, rest = line.partition(":")
        uses[folder.strip()] = set(rest.split())
    return uses


def direction(uses):
    for folder, others in sorted(uses.items()):
        for other in sorted(others):
            if LAYER.get(other, 9) >= LAYER.get(folder, 9):
                yield (f"src/{folder}/CMakeLists.txt", 1, "direction",
                       f"{folder} may not use {other}: not a lower layer")


def run(root, uses):
    lint = Lint(root, uses)
    lint.found.extend(direction(uses))
    for top in ("src", "tests", "examples"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".c", ".h", ".inc") and path.is_file():
                lint.file(path)
    return sorted(lint.found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--layers", type=pathlib.Path)
    parser.add_argument("root", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    args = parser.parse_args()
    root = args.root.resolve()
    if not args.layers:
        builds = sorted(root.glob("build/*/layers.txt"), key=lambda p: p.stat().st_mtime)
        if not builds:
            sys.exit("lint: configure first (cmake --preset dev), or name --layers FILE")
        args.layers = builds[-1]
    found = run(root, read_layers(args.layers))
    for name, line, rule, message in found:
        print(f"{name}:{line}: {rule}: {message}")
    if found:
        sys.exit(f"lint: {len(found)} found")


if __name__ == "__main__":
    main()
