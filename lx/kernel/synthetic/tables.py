"""From rows to trees: a table of (path, node) becomes nested directories, so that adding a file is adding a row."""


from lx.abi.lean import Callable, Iterable, Mapping
from lx.kernel.synthetic.nodes import File, Node, Reader, Table


def text(value: bytes) -> Reader:
    """A reader that always answers the same."""
    return lambda p: value


def files(root: bytes, rows: Mapping[str, Reader], permissions: int = 0o444) -> list[Node]:
    """Files below `root`, one for each row: relative path -> reader."""
    return [File(root + b"/" + name.encode(), reader, permissions) for name, reader in rows.items()]


def grow(
    root: bytes, nodes: Iterable[Node], directory: Callable[[bytes, Mapping[bytes, Node]], Table] = Table
) -> Table:
    """The directory `root` with these nodes at their own paths below it, and every directory between as a Table.

    `directory` makes the root itself.
    """
    branches: dict[bytes, dict[bytes, Node]] = {root: {}}

    def branch(path: bytes) -> dict[bytes, Node]:
        if path not in branches:
            branches[path] = {}
            parent, _, name = path.rpartition(b"/")
            branch(parent)[name] = Table(path, branches[path])
        return branches[path]

    for node in nodes:
        parent, _, name = node.path.rpartition(b"/")
        branch(parent)[name] = node
    return directory(root, branches[root])
