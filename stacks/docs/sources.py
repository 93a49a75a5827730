"""Where the figures of the presets come from: the comments beside them in headgate/presets.py, by key."""

import ast
import inspect
import tokenize
from collections.abc import Iterator, Mapping
from io import StringIO

from headgate import presets

Path = tuple[str, ...]


def of_presets() -> Mapping[Path, str]:
    """Comment by path, e.g. ("ion", "error_rate", "hold") -> "R-B7, R-B10"."""
    return read(inspect.getsource(presets), "PRESETS")


def read(source: str, name: str) -> Mapping[Path, str]:
    """Comments beside or directly above the keys of the dictionary `name`. A line with several keys has one comment,
    and that belongs to the outermost of them."""
    keys: dict[int, Path] = {}
    for path, line in _keys(_dictionary(source, name), ()):
        keys.setdefault(line, path)
    found: dict[Path, list[str]] = {}
    above: list[str] = []
    last = 0
    for line, text, alone in _comments(source):
        if not alone:
            found.setdefault(keys.get(line, ()), []).append(text)
            continue
        above = [*above, text] if line == last + 1 else [text]
        last = line
        if line + 1 in keys:
            found.setdefault(keys[line + 1], []).extend(above)
    return {path: " ".join(texts) for path, texts in found.items() if path}


def _dictionary(source: str, name: str) -> ast.Dict:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return next(inner for inner in ast.walk(node) if isinstance(inner, ast.Dict))
    raise ValueError(f"there is no annotated dictionary {name}")


def _keys(node: ast.Dict, parents: Path) -> Iterator[tuple[Path, int]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant):
            continue
        path = (*parents, str(key.value))
        yield path, key.lineno
        if isinstance(value, ast.Dict):
            yield from _keys(value, path)


def _comments(source: str) -> Iterator[tuple[int, str, bool]]:
    """Line, text, and whether the comment stands alone on its line."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            yield line, token.string.lstrip("# "), lines[line - 1].lstrip().startswith("#")
