"""The run steps of generated pipelines, executed as their hosts would: fresh checkouts, a shell a step, files for what jobs hand on.

What the hosts themselves do (checking out, installing Python, keeping artifacts) is done by hand here; `gh` and `sleep` are stand-ins.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

STANDINS = Path(__file__).parent / "standins"
INSTALL = f'ln -s "{Path(sys.executable).parent}/ringwork" "$VIRTUAL_ENV/bin/ringwork"'
"""In place of what a registry would serve: the ringwork of this checkout, with the libraries of its environment."""

SHOP = """from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/")
def home() -> HTMLResponse:
    return HTMLResponse("<p>hello</p>")
"""
COOKIE = SHOP.replace("    return HTML", "    answer = HTML") + '    answer.set_cookie("basket", "17")\n    return answer\n'
"""Two applications with the same findings, and one more in the second."""

NARROWED = 'select = ["browser.cookie-attributes", "browser.security-headers", "transport.tls-required", "transport.hsts"]\n'
"""For `ringwork.toml`: what a pipeline hands on is seen with a few controls as well as with all, and each of its jobs proves twice."""

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(slots=True, kw_only=True)
class Ran:
    """How a job ended. code: of the step that failed, else 0."""

    code: int
    said: str
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


def git(folder: Path, *words: str) -> str:
    """What git says."""
    names = {f"GIT_{who}_{what}": "a@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(
        ["git", *words], cwd=folder, env={**os.environ, **names}, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, message: str) -> str:
    """Everything in `folder`, committed."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def script(text: str, *, cwd: Path, environment: dict[str, str]) -> tuple[int, str]:
    """One script in the shell that both hosts start."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept["PATH"] = os.pathsep.join([str(STANDINS), str(Path(sys.executable).parent), kept["PATH"]])
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(command, cwd=cwd, env={**kept, **environment}, check=False, timeout=400, **told)
    return done.returncode, done.stdout


def github(job: dict, *, cwd: Path, temp: Path, expressions: dict[str, str], environment: dict[str, str]) -> Ran:
    """The run steps of a job of a workflow. expressions: the value of each that `env` asks for; any other one is a fault."""
    temp.mkdir(parents=True, exist_ok=True)
    handed, summary = temp / "outputs", temp / "summary"
    ran = Ran(code=0, said="")
    for step in job["steps"]:
        if "run" not in step or (ran.code and "cancelled()" not in step.get("if", "")):
            continue
        given = {name: _valued(text, expressions) for name, text in {**job.get("env", {}), **step.get("env", {})}.items()}
        files = {"RUNNER_TEMP": str(temp), "GITHUB_OUTPUT": str(handed), "GITHUB_STEP_SUMMARY": str(summary)}
        code, said = script(step["run"], cwd=cwd / step.get("working-directory", "."), environment={**environment, **given, **files})
        ran.said += said
        if code and not step.get("continue-on-error"):
            ran.code = ran.code or code
    if handed.exists():
        ran.outputs = dict(line.split("=", 1) for line in handed.read_text().splitlines())
    ran.summary = summary.read_text() if summary.exists() else ""
    return ran


def _valued(text: str, expressions: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: expressions[found[1]], text)


def gitlab(job: dict, *, checkout: Path, handed: Path, environment: dict[str, str]) -> Ran:
    """The script of a job of a GitLab pipeline, in a checkout of its own with the artifacts of earlier jobs, which `handed` keeps."""
    if handed.exists():
        shutil.copytree(handed, checkout, dirs_exist_ok=True)
    said = ""
    code = 0
    for text in job["script"]:
        code, told = script(text, cwd=checkout, environment={**environment, "CI_PROJECT_DIR": str(checkout)})
        said += told
        if code:
            break
    kept = job.get("artifacts", {})
    if not code or kept.get("when") == "always":
        for name in kept.get("paths", ()):
            if (checkout / name).exists():
                shutil.copytree(checkout / name, handed / name, dirs_exist_ok=True)
    return Ran(code=code, said=said)


def forget(folder: Path) -> None:
    """Take a checkout away, as a host does after the job."""
    shutil.rmtree(folder)
