"""Synthetic trees: /proc, /dev and /sys, made of tables.

`nodes` is what the VFS sees; `proc`, `processes`, `sysctl`, `network`, `dev` and `sysfs` are the tables; `cpu`,
`memorymap`, `mounts`, `status` and `limits` make the longer texts; `roster` is how processes of a zone know each
other.

A tree is imported and built when something in it is first asked for: most programs never look, and start-up is paid by
all.
"""

from lx.kernel.synthetic.nodes import Directory, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process

MAKERS = {b"/proc": ("proc", "procfs", 0o555), b"/dev": ("dev", "devfs", 0o755), b"/sys": ("sysfs", "sysfs", 0o555)}
"""Mount point -> module here, its function that makes the tree, permissions of its root."""


class Deferred(Directory):
    """The root of a tree that is made at its first use."""

    __slots__ = ("_tree",)

    def __init__(self, path: bytes, permissions: int) -> None:
        super().__init__(path, permissions)
        self._tree: Directory | None = None

    def tree(self) -> Directory:
        """The tree itself."""
        if self._tree is None:
            module, function, _ = MAKERS[self.path]
            made: Directory = getattr(__import__(f"lx.kernel.synthetic.{module}", fromlist=(module,)), function)()
            self._tree = made
        return self._tree

    def lookup(self, p: "Process", name: bytes) -> Node:
        """See Directory."""
        return self.tree().lookup(p, name)

    def names(self, p: "Process") -> list[tuple[bytes, int, int]]:
        """See Directory."""
        return self.tree().names(p)

    def links(self, p: "Process") -> int:
        """See Directory."""
        return self.tree().links(p)

    def size(self, p: "Process") -> int:
        """See Node."""
        return self.tree().size(p)


def trees() -> dict[bytes, Directory]:
    """A zone's synthetic trees by their mount points."""
    return {path: Deferred(path, permissions) for path, (_, _, permissions) in MAKERS.items()}
