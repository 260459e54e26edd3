"""The files of a folder as a seed decides them, and whether each is whole."""
import json, pathlib, re


def files(folder):
    """The content of every file by its name, without times, dates and the name of the folder; of others whether they can be
    read as what they are."""
    found = {}
    for path in sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file()):
        content, name = path.read_bytes(), str(path.relative_to(folder))
        if name == "results.jsonl":
            rows = [json.loads(line) for line in content.splitlines()]
            content = [row for row in rows if row.pop("seconds")]
        elif path.name == "result.json":
            result = json.loads(content.decode().replace(str(folder), "FOLDER"))
            content = json.dumps({key: result[key] for key in result if key not in ("seconds", "command", "date")})
        elif path.name == "seconds.json":
            content = isinstance(json.loads(content), float)
        elif name.endswith("report.html"):
            text = content.decode().replace(str(folder), "FOLDER")
            content = re.sub(r" in [\d.]+ s|<tr><td>(command|date)</td>.*", "", text)
        elif "tfevents" in name:
            content = events(content)
        found[name] = content
    return found


def events(content):
    """TensorBoard's events without the time that each begins with, and what is left where the last is cut short."""
    found = []
    while len(content) > 12 and len(content) >= (end := 16 + int.from_bytes(content[:8], "little")):
        found.append(content[21:end - 4])
        content = content[end:]
    return [*found, content]


def contents(folder):
    """The bytes of every file by its name, but for temporary ones."""
    paths = [path for path in pathlib.Path(folder).rglob("*") if path.is_file() and not path.name.startswith(".nrae-")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(paths)}


def mixed(found, old, new):
    """What is wrong with a folder whose run was being overwritten: it holds the old run whole, no run, or the new one."""
    if "config.toml" not in found:
        return None
    if found["config.toml"] == old["config.toml"]:
        fault = different(found, old)
        return fault and f"of the old run, {fault}"
    left = [name for name, content in found.items() if content and content == old.get(name) != new.get(name)]
    return f"beside the new config.toml there is of the old run {', '.join(left)}" if left else None


def different(found, expected):
    for name in sorted(set(found) | set(expected)):
        if name not in found or name not in expected:
            return f"{name} is {'missing' if name in expected else 'left over'}"
        if found[name] != expected[name]:
            return f"{name} differs"
    return None


def wrong(folder, expected):
    """What is wrong with the files of a folder."""
    return half_written(folder) or different(files(folder), expected)


def half_written(folder):
    """The first file that is there under its own name and not whole."""
    for path in sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file()):
        content = path.read_bytes()
        try:
            if path.name.startswith(".nrae-"):
                continue
            if path.suffix == ".json":
                json.loads(content)
            elif path.suffix == ".jsonl":
                [json.loads(line) for line in content.splitlines()]
            elif path.suffix == ".png":
                assert content.endswith(b"IEND\xaeB`\x82")
            elif path.suffix == ".html":
                assert content.rstrip().endswith(b"</html>")
            elif path.suffix == ".safetensors":
                size = int.from_bytes(content[:8], "little")
                tensors = json.loads(content[8:8 + size])
                ends = [entry["data_offsets"][1] for name, entry in tensors.items() if name != "__metadata__"]
                assert len(content) == 8 + size + max(ends)
        except (AssertionError, ValueError):
            return f"{path.relative_to(folder)} is half-written"
    return None
