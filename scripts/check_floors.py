#!/usr/bin/env python3
"""Includes only go down the floors of docs/architecture.md: a room may include itself and lower rooms."""

import pathlib
import re
import sys

# room (path under src/) → floor
FLOORS = {
    "base": 1,
    "crypto": 2,
    "whatsapp/binary": 3,
    "whatsapp/noise": 3,
    "whatsapp/signal": 3,
    "whatsapp/pairing": 3,
    "whatsapp/message": 3,
    "whatsapp/app_state": 3,
    "whatsapp/media": 3,
    "whatsapp/store": 4,
    "runtime": 4,
    "whatsapp/client": 5,
    "edge": 5,
    "importers": 5,
    "previews": 2,
    "attachments": 6,
    "connection": 6,
    "queue": 6,
    "commands": 6,
    "instance_manager": 7,
    "health": 7,
    "edge_server": 7,
    "simulator": 7,
    "app": 8,
    "programs": 9,
}
# Rooms of one floor that may use each other in one direction, and why.
SIDEWAYS = {
    ("whatsapp/pairing", "whatsapp/binary"),  # pairing stanzas are nodes
    ("whatsapp/message", "whatsapp/binary"),  # message stanzas carry JIDs
    ("whatsapp/message", "whatsapp/media"),  # a media message names an encrypted file
    ("connection", "attachments"),  # what arrives may bring a file
    ("commands", "queue"),  # a command names people as a message does
    ("queue", "attachments"),  # what leaves may take a file along
}
# The two programs of our own beside the worker see only these rooms.
ONLY = {
    "edge_server": {"base", "crypto", "runtime"},
    "simulator": {"base", "crypto", "runtime", "whatsapp/binary", "whatsapp/noise", "whatsapp/signal",
                  "whatsapp/pairing", "whatsapp/message", "whatsapp/media", "whatsapp/app_state"},
}


def room_of(path: str) -> str | None:
    for room in sorted(FLOORS, key=len, reverse=True):
        if path.startswith(room + "/"):
            return room
    return None


def main() -> int:
    source_root = pathlib.Path("src")
    mistakes = []
    for file in sorted([*source_root.rglob("*.h"), *source_root.rglob("*.cpp")]):
        here = room_of(str(file.relative_to(source_root)))
        if here is None:
            mistakes.append(f"{file}: belongs to no room")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = re.match(r'\s*#include "([^"]+)"', line)
            there = room_of(found.group(1)) if found else None
            if there is None or there == here:
                continue
            down = FLOORS[there] < FLOORS[here] or (here, there) in SIDEWAYS
            if not down or (here in ONLY and there not in ONLY[here]):
                mistakes.append(f"{file}:{number}: {here} (floor {FLOORS[here]}) must not include {there}")
    for mistake in mistakes:
        print(mistake)
    return 1 if mistakes else 0


sys.exit(main())
