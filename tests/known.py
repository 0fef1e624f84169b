"""Where lx answers otherwise than the machine, on purpose or not yet, and why. An agreement here is red too.

The key is a guest's file name or a program case's name.
"""

KNOWN: dict[str, str] = {
    "exebusy.c": "the host does not know that the file is being run: the emulator only reads it",
    "jitalias.c": "a store through another mapping, or through the file, does not discard translated code (engine.md)",
}
