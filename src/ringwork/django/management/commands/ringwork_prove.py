"""`manage.py ringwork_prove`: attack a copy of this project, and say which of its defences hold."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ringwork.cli import main


class Command(BaseCommand):
    """Runs `ringwork prove` on the project whose settings are in use; what stands behind the name goes to it unchanged."""

    help = "Find out whether the defences of this project hold: a copy is served on loopback and attacked."
    requires_system_checks = ()  # the copy is looked at, not this process

    def run_from_argv(self, argv: list[str]) -> None:
        """As `ringwork prove TARGET OPTIONS`: its options are its own, and so is its exit."""
        sys.exit(main.main(["prove", os.environ["DJANGO_SETTINGS_MODULE"], *argv[2:]]))

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whatever `ringwork prove --help` lists."""

    def handle(self, *args: Any, **options: Any) -> None:
        """As called by other code (`call_command`): without options."""
        self.run_from_argv(["manage.py", "ringwork_prove"])
