"""Paths: how a guest's name becomes a file of the zone, and what can be done with it there.

`Fs` is a process's view (root, working directory) and opens files; its `at` gives a `Place`, on which the calls that take
paths act. See walk for how a path is resolved without ever leaving the zone.
"""

from lx.kernel.vfs.fs import Fs
from lx.kernel.vfs.places import HostPlace, NodePlace, Place

__all__ = ["Fs", "HostPlace", "NodePlace", "Place"]
