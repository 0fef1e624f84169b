"""docs/programs.md: the must-run table as a page. `python tests/programs/page.py > docs/programs.md` (make docs)."""

import sys
from pathlib import Path

HEAD = """# Programs

Generated from tests/programs by `make docs`. Each row runs natively and under lx in the tests; output, status and files are equal,
on both engines unless the row says otherwise.
"""


def page() -> str:
    """The page."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from programs import building, compiled, languages, loops, servers, shells, tools

    parts = [HEAD]
    for title, module in (("Shells", shells), ("Tools", tools), ("Languages", languages), ("Building", building), ("Compiled programs", compiled), ("Servers", servers), ("Event loops", loops)):
        parts += [f"\n## {title}\n", "| case | programs |", "| --- | --- |"]
        for case in module.CASES:
            programs = " ".join(sorted({program.rpartition("/")[2] for program in case.programs}))
            but = f" (not on the pure engine: {case.slow})" if case.slow else ""
            parts.append(f"| {case.name.replace('|', chr(92) + '|')}{but} | {programs} |")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
