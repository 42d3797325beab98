"""Run the Python code blocks of Markdown files, those of one file in one namespace."""

import re
import sys
import traceback
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text):
    """Yield each block, put on the lines it has in the file, and its first line."""
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start(1))
        yield line + 1, "\n" * line + match.group(1)


def run(path):
    """Run every block of one file; return how many there were."""
    namespace = {"__name__": "__main__"}
    count = 0
    for line, source in blocks(Path(path).read_text(encoding="utf-8")):
        try:
            exec(compile(source, str(path), "exec"), namespace)
        except Exception:
            traceback.print_exc()
            sys.exit(f"{path}:{line}: this block failed")
        count += 1
    return count


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: {run(name)} code blocks ran")
