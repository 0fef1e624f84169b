"""ELF files and #! scripts become process images: parse, map, interpreter, stack, auxiliary vector, vDSO."""
