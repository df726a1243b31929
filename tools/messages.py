"""Collect, compile and check the translations."""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "pt_BR"
PO = Path("locale") / LANGUAGE / "LC_MESSAGES" / "django.po"
# Tests and tools speak English to developers.
IGNORED = ["var", "tests", "tools", "docs", "requirements", "static", "node_modules"]
# What marks a text in Python. The collector is blind inside f-strings, where a text would stay English for good.
MARKS = {"_", "gettext", "gettext_lazy", "pgettext", "pgettext_lazy", "ngettext", "ngettext_lazy"}
MISSING = "xgettext is not installed: apt-get install gettext"


def extract(directory: Path) -> None:
    """Run makemessages there."""
    options = ["--no-obsolete", "--no-wrap", "--add-location", "file"]
    for name in IGNORED:
        options += ["--ignore", f"{name}/*"]
    command = [sys.executable, "manage.py", "makemessages", "--locale", LANGUAGE, "--verbosity", "0", *options]
    environment = {**os.environ, "PORTAL_MODE": "test"}
    result = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(result.stdout + result.stderr)


def compiled(catalogue: polib.POFile) -> bytes:
    """The binary form that the portal reads."""
    return bytes(catalogue.to_binary())


def keys(catalogue: polib.POFile) -> set[tuple[str, str, str]]:
    """The texts to translate, each with its context and plural."""
    return {(e.msgctxt or "", e.msgid, e.msgid_plural or "") for e in catalogue if not e.obsolete}


def marked() -> set[str]:
    """The texts marked in Python files, as the language itself reads them."""
    found = set()
    for path in ROOT.rglob("*.py"):
        place = path.relative_to(ROOT).parts
        if place[0] in IGNORED or place[0].startswith("."):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            text = node.args[1] if name.startswith("pgettext") and len(node.args) > 1 else node.args[0]
            if name in MARKS and isinstance(text, ast.Constant) and isinstance(text.value, str):
                found.add(text.value)
    return found


def some(fault: str, texts: list[str]) -> list[str]:
    """One line for each text, twenty at most."""
    lines = [f"{fault}: {text!r}" for text in texts[:20]]
    return [*lines, f"{fault}: {len(texts) - 20} more"] if len(texts) > 20 else lines


def problems() -> list[str]:
    """What keeps the translation from being complete, or nothing."""
    if not (ROOT / PO).exists():
        return [f"{PO} does not exist: ./run messages"]
    found = []
    present = polib.pofile(str(ROOT / PO))
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "source"
        hidden = shutil.ignore_patterns(".*", "__pycache__", "locale", *IGNORED)
        shutil.copytree(ROOT, copy, ignore=hidden)
        (copy / PO.parent).mkdir(parents=True)
        extract(copy)
        wanted = polib.pofile(str(copy / PO))
    found += some("not collected", [key[1] for key in sorted(keys(wanted) - keys(present))])
    found += some("not collected (inside an f-string?)", sorted(marked() - {key[1] for key in keys(wanted)}))
    found += some("no longer used", [key[1] for key in sorted(keys(present) - keys(wanted))])
    found += some("fuzzy", [entry.msgid for entry in present.fuzzy_entries()])
    found += some("not translated", [entry.msgid for entry in present.untranslated_entries()])
    checked = subprocess.run(
        ["msgfmt", "--check-format", "--output-file=/dev/null", str(PO)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if checked.returncode:
        found.append(checked.stderr.strip())
    mo = (ROOT / PO).with_suffix(".mo")
    if not mo.exists() or mo.read_bytes() != compiled(present):
        found.append(f"{PO.with_suffix('.mo')} is not compiled from it: ./run messages")
    return found


def update() -> None:
    """Bring django.po up to date with the sources and compile it."""
    (ROOT / PO.parent).mkdir(parents=True, exist_ok=True)
    extract(ROOT)
    catalogue = polib.pofile(str(ROOT / PO), wrapwidth=0)
    catalogue.metadata["Language"] = LANGUAGE
    catalogue.save()
    (ROOT / PO).with_suffix(".mo").write_bytes(compiled(catalogue))
    todo = len(catalogue.untranslated_entries()) + len(catalogue.fuzzy_entries())
    print(f"{PO}: {len(catalogue.translated_entries())} translated, {todo} to do.")


def main() -> None:
    """./run messages updates; with --check it only says what is missing."""
    if shutil.which("xgettext") is None:
        raise SystemExit(MISSING)
    if sys.argv[1:] != ["--check"]:
        update()
        return
    if found := problems():
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
