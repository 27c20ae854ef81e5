#!/usr/bin/env python3
"""The references in docs/ are what the program writes.

    references_test.py HIGHWATER REPOSITORY
"""

import difflib
import pathlib
import subprocess
import sys

highwater, repository = sys.argv[1], pathlib.Path(sys.argv[2])
stale = []
for name in "metrics", "command-line":
    page = f"docs/{name}.md"
    kept = (repository / page).read_text()
    written = subprocess.run([highwater, "generate", name], check=True, capture_output=True, text=True).stdout
    for line in list(difflib.unified_diff(kept.splitlines(), written.splitlines(), page, "written", lineterm="", n=0))[:20]:
        print(line[:200])
    if kept != written:
        stale.append(f"{page} is not what the program writes; run: highwater generate {name} > {page}")
sys.exit("\n".join(stale) or 0)
