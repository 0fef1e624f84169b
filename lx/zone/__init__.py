"""The zone: what zonecfg would describe, its processes, and starting programs in it."""
