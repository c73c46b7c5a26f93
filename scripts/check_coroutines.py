#!/usr/bin/env python3
"""g++ 12.2 miscompiles some temporaries inside a co_await expression (seen as double frees under ASan):
a lambda with captures, and a braced aggregate. They are named before the co_await instead. Lambda
coroutines with captures are refused too: the captures die with the lambda, not with the coroutine."""

import pathlib
import re
import sys


def expressions(text: str):
    """(offset, text) of every co_await expression up to its closing ; ) or { at depth 0."""
    for found in re.finditer(r"\bco_await\b", text):
        depth, i = 0, found.end()
        while i < len(text):
            c = text[i]
            if c in "([{":
                depth += 1
            elif c in ")]}":
                depth -= 1
                if depth < 0:
                    break
            elif c == ";" and depth == 0:
                break
            i += 1
        yield found.start(), text[found.end():i]


def problem(expression: str) -> str | None:
    if re.search(r"(?<![\w\])])\[[^\]]+\]\s*(\([^)]*\))?\s*(mutable\s*)?(->\s*[\w:<>]+\s*)?\{", expression):
        return "a lambda with captures inside co_await: name it first"
    if re.search(r"[(,]\s*([A-Za-z_][\w:]*)?\{[^}]", expression):
        return "a braced temporary inside co_await: name it first"
    return None


def main() -> int:
    mistakes = []
    for root in ("src", "tests"):
        for file in sorted([*pathlib.Path(root).rglob("*.h"), *pathlib.Path(root).rglob("*.cpp")]):
            text = re.sub(r"//[^\n]*", lambda m: " " * len(m.group()), file.read_text())
            for offset, expression in expressions(text):
                what = problem(expression)
                if what:
                    mistakes.append(f"{file}:{text.count(chr(10), 0, offset) + 1}: {what}")
    for mistake in mistakes:
        print(mistake)
    return 1 if mistakes else 0


sys.exit(main())
