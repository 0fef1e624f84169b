"""The table of Linux system calls: one row per call, one module per family."""
