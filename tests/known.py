"""Where lx answers otherwise than the machine, on purpose or not yet, and why. An agreement here is red too.

The key is a guest's file name or a program case's name.
"""

KNOWN: dict[str, str] = {
    "clonefiles.c": "a process has one table of descriptors, the host's, with the emulator's own among them: not done yet",
    "clonememory.c": "guest memory that processes share would need every mapping to be the host's MAP_SHARED: not done yet",
    "exebusy.c": "the host does not know that the file is being run: the emulator only reads it",
    "jitalias.c": "a store through another mapping, or through the file, does not discard translated code (engine.md)",
}
