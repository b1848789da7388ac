#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A check counts once it has been seen to fail: every rule of tools/lint.py on a small bad tree."""
import importlib.util
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("lint", ROOT / "tools" / "lint.py")
lint = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lint)

SPDX = "/* SPDX-License-Identifier: MIT */\n"
USES = {"base": set(), "event": {"base"}, "store": {"base", "event"}, "fastpath": {"base", "store"}}
GOOD_H = (SPDX + "#ifndef BP_STORE_STORE_H\n#define BP_STORE_STORE_H\n"
          '#include "base/err.h"\n'
          "/** Do it. Errors: BP_EIO it did not. */\n"
          "BP_MUSTUSE enum bp_rc bp_store_do(void);\n#endif\n")
GOOD_C = SPDX + '#include "store/store.h"\n#include <sqlite3.h>\n/* strcpy(a, b) // */\n' \
    'static const char url[] = "http://strcpy(x)";\n'


class Rules(unittest.TestCase):
    seen = set()

    def found(self, files, uses=None):
        tree = {"src/store/store.h": GOOD_H, "src/store/store.c": GOOD_C, **files}
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for path, text in tree.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            return [(f, rule) for f, _, rule, _ in lint.run(root, uses or USES)]

    def one(self, rule, path, text, uses=None):
        """Exactly this rule is broken, once, in this file."""
        self.assertEqual(self.found({path: text}, uses), [(path, rule)])
        Rules.seen.add(rule)

    def test_a_good_tree_is_clean(self):
        self.assertEqual(self.found({}), [])

    def test_spdx(self):
        self.one("spdx", "src/store/a.c", "int x;\n")
        self.one("spdx", "tests/unit/store/test_a.c", "int x;\n")

    def test_guard(self):
        self.one("guard", "src/store/a.h", SPDX + "int x;\n")
        self.one("guard", "src/store/a.h", SPDX + "#ifndef BP_A_H\n#define BP_A_H\n#endif\n")

    def test_comment(self):
        self.one("comment", "src/store/a.c", SPDX + "int x; // later\n")

    def test_qualified(self):
        self.one("qualified", "src/store/a.c", SPDX + '#include "b.h"\n')

    def test_own_first(self):
        self.one("own-first", "src/store/store.c",
                 SPDX + '#include <stddef.h>\n#include "store/store.h"\n')

    def test_layer(self):
        self.one("layer", "src/fastpath/a.c", SPDX + '#include "event/event.h"\n')
        self.one("layer", "src/store/a.c", SPDX + '#include "fastpath/a.h"\n')
        self.one("layer", "src/event/a.c", SPDX + '#include "base/buf.h"\n')
        self.assertEqual(self.found({"src/event/a.c": SPDX + '#include "base/str.h"\n'}), [])

    def test_direction(self):
        self.one("direction", "src/store/CMakeLists.txt", "", {**USES, "store": {"base", "fastpath"}})
        self.one("direction", "src/store/CMakeLists.txt", "", {**USES, "store": {"base", "stream"}})

    def test_owner(self):
        for header in ("sqlite3.h", "hiredis/hiredis.h", "libsmartcols/libsmartcols.h", "zlib.h",
                       "yaml.h", "ncurses.h", "ncursesw/ncurses.h"):
            self.one("owner", "src/fastpath/a.c", SPDX + f"#include <{header}>\n")
        self.assertEqual(self.found({"src/base/a.c": SPDX + "#include <yaml.h>\n"}), [])

    def test_banned(self):
        for call in ("strcpy", "strcat", "sprintf", "strncpy", "strtok", "atoi", "strtol", "gmtime",
                     "localtime", "malloc", "exit"):
            self.one("banned", "src/store/a.c", SPDX + f"int f(void) {{ return {call} (x); }}\n")
        self.one("banned", "tests/unit/store/test_a.c", SPDX + "int x = atoi(y);\n")
        self.assertEqual(self.found({
            "tests/unit/store/test_a.c": SPDX + "void *x = malloc(1);\n",
            "src/base/mem.c": SPDX + "void *x = calloc(1, 1);\n",
            "src/store/b.c": SPDX + "int x = ops->exit(1) + my_exit(2) + ops.malloc(3);\n"}), [])

    def test_errors(self):
        bare = GOOD_H.replace("Errors: BP_EIO it did not.", "")
        self.one("errors", "src/store/store.h", bare)
        self.one("errors", "src/store/store.h", GOOD_H.replace("did not. */\n", "did not. */\n\n"))
        self.one("errors", "src/store/store.h", bare + "/** Errors: BP_EIO. */\nvoid f(void);\n")
        shared = GOOD_H.replace("#endif", "BP_MUSTUSE enum bp_rc bp_store_undo(void);\n#endif")
        self.assertEqual(self.found({"src/store/store.h": shared}), [])
        head = bare.replace("#ifndef", "/** store.h - all.\n *\n * Errors: BP_EIO. */\n#ifndef", 1)
        self.assertEqual(self.found({"src/store/store.h": head}), [])
        far = GOOD_H.replace("it did not. */", "it did not.\n *\n * Errors as f().\n */")
        self.assertEqual(self.found({"src/store/store.h": far}), [])

    def test_suppression_needs_a_known_rule_a_reason_and_a_fault(self):
        allow = "/* lint: allow(banned)%s */\nint x = atoi(y);\n"
        self.assertEqual(self.found({"src/store/a.c": SPDX + allow % ": argv of a test"}), [])
        self.assertEqual(self.found({"src/store/a.c": SPDX + allow % ":"}),
                         [("src/store/a.c", "suppression"), ("src/store/a.c", "banned")])
        self.one("suppression", "src/store/a.c", SPDX + "int x; /* lint: allow(banned): none */\n")
        self.one("suppression", "src/store/a.c", SPDX + "int x; /* lint: allow(nonsense): none */\n")

    @classmethod
    def tearDownClass(cls):
        missing = set(lint.RULES) - cls.seen
        if missing:
            raise AssertionError(f"rules never seen to fail: {', '.join(sorted(missing))}")


if __name__ == "__main__":
    unittest.main()
