"""What a loss of power leaves: the files as a disk may have them that was waited for by fsync alone.

POSIX promises the content of a file only as of its last fsync, and a name only as of the last fsync of its folder. So the
calls of a run are gone through: lengths that were waited for, and changes of names that were not.
"""
import os, pathlib, shutil


class Disk:
    """The calls of a run that a loss of power ended, in their order; `kept` holds what renames and unlinks took away."""

    def __init__(self, calls, kept):
        self.kept = pathlib.Path(kept)
        self.names, self.written, self.synced = [], set(), {}
        for number, name, path, other, found in calls:
            path, other = path.rstrip("/."), other.rstrip("/.")
            if name in ("fsync", "fdatasync"):
                self.waited_for(path, found)
            elif name in ("write", "pwrite", "writev", "sendfile", "copy_file_range", "ftruncate"):
                self.written.add(path)
                self.synced.setdefault(path, int(found or 0))
            elif name in ("openat", "mkdir") and found == "new":
                self.names.append((number, "made", path, ""))
                self.synced[path] = 0
            elif name == "unlink" and found:
                self.names.append((number, "unlink", path, ""))
            elif name.startswith("rename"):
                self.names.append((number, "rename", path, other))
                for table in (self.written, self.synced):
                    table.discard(other) if table is self.written else table.pop(other, None)
                if path in self.written:
                    self.written.remove(path)
                    self.written.add(other)
                if path in self.synced:
                    self.synced[other] = self.synced.pop(path)

    def waited_for(self, path, length):
        self.written.discard(path)
        self.synced[path] = int(length or 0)
        self.names = [change for change in self.names if os.path.dirname(change[2]) != path]

    def lose(self, names):
        """Takes away content that was not waited for, and with `names` the changes of names as well."""
        for path in self.written:
            if os.path.isfile(path) and os.path.getsize(path) > self.synced.get(path, 0):
                os.truncate(path, self.synced.get(path, 0))
        for number, kind, path, other in reversed(self.names) if names else []:
            if kind == "made":
                shutil.rmtree(path) if os.path.isdir(path) else pathlib.Path(path).unlink(missing_ok=True)
            else:
                if kind == "rename":
                    os.rename(other, path)
                if (self.kept / number).exists():
                    shutil.copy(self.kept / number, other or path)


def tear(call, both):
    """Leaves the rename `call` half done: its file under both names, or the old file gone and the new one not yet there."""
    _, _, path, other, _ = call
    pathlib.Path(other).unlink(missing_ok=True)
    if both:
        shutil.copy(path, other)
