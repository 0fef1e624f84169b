"""What a translated call costs, and where: the suite behind `lx bench`.

A row is one operation of a static guest program (guests/*.c) that times itself and checks every answer. A column is what runs
the program: the kernel (native), lx, lx's pure engine, or a peer found on this machine. All columns of a row are measured in one
run with one binary, in turn, so a ratio is taken round by round and a slow phase of the machine meets all of them.

A column without a figure says why: absent, unsupported (the call answered ENOSYS), crashed, hung, or nonsense (it printed what
cannot be, such as more time than has passed). Nothing is guessed and the run goes on. An interrupted run keeps what it has.

Times drift on shared machines; instruction counts (counts.py, callgrind) do not, so the gate in CI compares those.

    rows       the tables: micro and scale rows, programs
    peers      columns: how each is found and started
    measure    one process, one row, interleaving
    breakdown  parts of one call, and ways to catch one, compared
    counts     instructions per call; the gate
    result     the result file: pyperf's JSON and our facts beside it
    text, page the table in the terminal, docs/benchmarks.md, the HTML report
"""
