"""Every check of the source, side by side; all failures are reported, not the first alone."""

import os
import re
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR") or ROOT / "var")
BIN = Path(sys.executable).parent
MANAGE = [sys.executable, "manage.py"]

# A production as docs/operations.md wants it; no connection is opened.
PRODUCTION = {
    "PORTAL_MODE": "production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_BASE_URL": "https://portal.example",
    "DATABASE_URL": "postgres://portal@localhost/portal",
    "REDIS_URL": "redis://localhost:6379/0",
}
# Addresses in lock files: a package index is the business of whoever installs, not of the source.
PUBLIC = ("https://pypi.org/", "https://files.pythonhosted.org/", "https://registry.npmjs.org/")
OPTION = re.compile(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """A command that must succeed, and what it needs in its environment."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


CHECKS = [
    Check("types", [str(BIN / "mypy")]),
    Check("templates", [str(BIN / "djlint"), "templates", "--lint", "--quiet"]),
    Check("lint", [str(BIN / "ruff"), "check", "."]),
    Check("format", [str(BIN / "ruff"), "format", "--check", "."]),
    Check("imports", [str(BIN / "lint-imports"), "--cache-dir", str(VAR_DIR / "cache" / "imports")]),
    Check("translations", [sys.executable, "-m", "tools.messages", "--check"]),
    Check("migrations", [*MANAGE, "makemigrations", "--check", "--dry-run"]),
    Check("deployment", [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    Check("shell", ["sh", "-n", "run"]),
    Check("lock files", [sys.executable, "-m", "tools.check", "--lock-files"]),
]


def run(check: Check) -> tuple[Check, float, str]:
    """Run one check; its output counts when it fails."""
    environment = {**os.environ, "PORTAL_MODE": "test", "VAR_DIR": str(VAR_DIR / "check"), **check.environment}
    if not check.environment:
        environment.pop("DATABASE_URL", None)
    started = time.monotonic()
    result = subprocess.run(
        check.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    output = (result.stdout + result.stderr).strip()
    return check, time.monotonic() - started, (output or f"exit {result.returncode}") if result.returncode else ""


def addresses_in_lock_files() -> list[str]:
    """The lines of lock files that name a package index other than the public ones."""
    found = []
    files = [*(ROOT / "requirements").glob("*.txt"), *ROOT.glob("uv.lock"), *ROOT.glob("package-lock.json")]
    for path in files:
        text = path.read_text()
        # Requirement files carry no address at all, lock files that must have one only the public default.
        allowed = () if path.suffix == ".txt" else PUBLIC
        wrong = [url for url in re.findall(r"[a-z+]+://[^\s\"',]*", text) if not url.startswith(allowed)]
        wrong += [match.group().strip() for match in OPTION.finditer(text)]
        found += [f"{path.relative_to(ROOT)} names {url}" for url in sorted(set(wrong))]
    return found


def main() -> None:
    """Run every check, or those named, and report all that fail."""
    if sys.argv[1:] == ["--lock-files"]:
        if found := addresses_in_lock_files():
            raise SystemExit("\n".join(found))
        return
    chosen = [check for check in CHECKS if not sys.argv[1:] or check.name in sys.argv[1:]]
    if not chosen:
        raise SystemExit(f"There are these checks: {', '.join(check.name for check in CHECKS)}")
    (VAR_DIR / "check").mkdir(parents=True, exist_ok=True)
    failures = []
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1)) as pool:
        for check, seconds, output in pool.map(run, chosen):
            print(f"{'FAILED' if output else 'ok':6} {check.name} ({seconds:.1f} s)", flush=True)
            if output:
                failures.append((check, output))
    for check, output in failures:
        print(f"\n--- {check.name} ---\n{output}")
    if failures:
        raise SystemExit(f"\nFailed: {', '.join(check.name for check, _ in failures)}")


if __name__ == "__main__":
    main()
