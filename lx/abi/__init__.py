"""Linux's words: error names, flag bits and structure layouts, as data.

Everything above speaks of Linux's things with the names in this package, and nothing here knows of a
host or of an engine. Numbers that differ between guest architectures are not here but in the
architecture's own module (lx/cpu/x86_64.py).
"""
