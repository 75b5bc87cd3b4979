"""`ringwork init`: what a project needs to be proven every day: its settings, its users, its pipeline, its hook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ringwork.cli import pipelines, project_text, proposals, prove, terminal
from ringwork.cli.proposals import Proposal, There
from ringwork.errors import TargetFailed
from ringwork.prove import target

USERS = "ringwork_users"
_BRANCHES = ("main", "master", "trunk", "develop")
_PARTS = ("ci github", "ci gitlab", "pre-commit")


def command(
    part: Annotated[
        list[str] | None, typer.Argument(metavar="[ci github | ci gitlab | pre-commit]", help="Nothing: settings and users.")
    ] = None,
    *,
    named: Annotated[str, typer.Option("--target", help="module:app, where more than one application is found.")] = "",
    branch: Annotated[str, typer.Option(help="The branch that changes are merged into; what git says without it.")] = "",
    install: Annotated[
        list[str] | None, typer.Option(help="A line of shell that installs the application in CI; may be repeated. Found without it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there and different.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")] = False,
) -> None:
    """Write settings and users into the project of this folder; `ci` its pipeline, `pre-commit` its hook.

    What is there and different is shown as a diff and left (exit code 1), unless --force says otherwise.
    """
    out, here = terminal.console(), Path.cwd()
    words = " ".join(part or ())
    try:
        wanted, advice = _wanted(words, here, named, branch, tuple(install or ()))
        done = proposals.carry_out(wanted, out, here=here, force=force, dry_run=dry_run)
    except TargetFailed as error:
        raise typer.Exit(prove.explain(out, error)) from error
    for sentence in advice:
        terminal.say(out, sentence)
    raise typer.Exit(0 if done else 1)


def _wanted(words: str, here: Path, named: str, branch: str, install: tuple[str, ...]) -> tuple[list[Proposal], list[str]]:
    """What should be written, and what there is to say of it afterwards. Raises TargetFailed."""
    if words == "":
        return _base(here, named)
    if words not in _PARTS:
        raise TargetFailed(step="init", problem=f"{words!r} is nothing to write", advice=f"write one of: {', '.join(_PARTS)}")
    top = _top(here)
    folder = here.relative_to(top).as_posix()
    if words == "pre-commit":
        path = top / ".pre-commit-config.yaml"
        text = project_text.hook(proposals.text_of(path), folder)
        return [Proposal(path=path, text=text)], [
            "Switch it on with `pre-commit install`, in the environment in which the application runs."
        ]
    found, doubts = (install, ()) if install else pipelines.install(here)
    place = pipelines.Place(
        top=top,
        folder=folder,
        branch=branch or _branch(top),
        users=(Path(folder) / f"{USERS}.py").as_posix(),
        install=found,
    )
    installs = [f"The pipeline installs with: {'; '.join(found)}. If that is not how it is done, say it with --install.", *doubts]
    if words == "ci github":
        told = "Make the check `Prove` required in the rules of the branch; docs/ci.md tells what each job may do."
        return [Proposal(path=top / ".github" / "workflows" / "ringwork.yml", text=pipelines.github(place))], [*installs, told]
    own = Proposal(path=top / ".gitlab" / "ringwork.yml", text=pipelines.gitlab(place))
    including = top / ".gitlab-ci.yml"
    told = (
        'Switch on "Pipelines must succeed" in Settings, Merge requests; notes need the token that the head of .gitlab/ringwork.yml names.'
    )
    return [own, Proposal(path=including, text=pipelines.including(proposals.text_of(including)))], [*installs, told]


def _base(here: Path, named: str) -> tuple[list[Proposal], list[str]]:
    chosen = _chosen(here, named)
    text = _text(chosen, here)
    file = Proposal(path=here / f"{USERS}.py", text=project_text.users(target.imports_of(here), text), there=There.KEEP)
    path, settled = project_text.settings(here, text, f"{USERS}:users")
    wanted, told = [file], [f"Application: {text}"]
    if settled is None:
        wanted, told = [], [*told, f"{path.name} has settings for the prover already; nothing was added to it."]
    else:
        wanted.append(Proposal(path=path, text=settled, there=There.ADD))
    ignore = here / ".gitignore"
    ignoring = project_text.ignoring(proposals.text_of(ignore))
    if ignoring is not None:
        wanted.append(Proposal(path=ignore, text=ignoring, there=There.ADD))
    if chosen.others:
        told.append(f"Also found: {', '.join(chosen.others)}; --target names another.")
    told.append(
        f"Next: say in {USERS}.py who can sign in, run `ringwork prove`, then `ringwork init ci github` (or gitlab, or pre-commit)."
    )
    return wanted, told


def _chosen(here: Path, named: str) -> target.Target:
    """The application of this folder. Raises TargetFailed, with what to write for this command."""
    try:
        return target.resolve(named or ".", here=here)
    except TargetFailed as error:
        advice = error.advice.replace("ringwork prove ", "ringwork init --target ")
        raise TargetFailed(step=error.step, problem=error.problem, advice=advice) from error


def _text(chosen: target.Target, here: Path) -> str:
    """The application as settings name it, to be read from this folder: module:name where that finds it, else its file."""
    name = f":{chosen.attribute}" if chosen.attribute else ""
    place = chosen.root / chosen.paths[0] / Path(*chosen.module.split("."))
    for text in (f"{chosen.module}{name}", f"{_file(place, here)}{name}"):
        try:
            found = target.resolve(text, here=here)
        except TargetFailed:
            continue
        if (found.root, found.module) == (chosen.root, chosen.module):
            return text
    raise TargetFailed(step="init", problem=f"{chosen.module} is not found from this folder", advice=f"run it in {chosen.root.name}")


def _file(place: Path, here: Path) -> str:
    file = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
    return Path(os.path.relpath(file, here)).as_posix()


def _top(here: Path) -> Path:
    """The top of the repository that holds this folder; the folder itself outside of any."""
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _branch(top: Path) -> str:
    """The branch that changes are merged into, from git's own files: the remote's, else a usual name that is there, else this one."""
    git = top / ".git"
    remote, head = _ref(git / "refs" / "remotes" / "origin" / "HEAD"), _ref(git / "HEAD")
    if remote:
        return remote.removeprefix("refs/remotes/origin/")
    return next((name for name in _BRANCHES if (git / "refs" / "heads" / name).is_file()), head.removeprefix("refs/heads/") or "main")


def _ref(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    return text.removeprefix("ref: ") if text.startswith("ref: ") else ""
