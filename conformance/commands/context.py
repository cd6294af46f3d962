"""The context of a command: the project that it works on."""

import click

from conformance.project import Project

pass_project = click.make_pass_decorator(Project, ensure=True)
"""Decorator: the command takes the project as its first argument; the command line makes one for all of them."""
