"""Writes the pages of the reference that come from the code.

python -m scripts.reference FOLDER
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from tiphys.cli.main import cli
from tiphys.crds import custom_resource_definitions

_NOT_SHOWN = {"metadata", "apiVersion", "kind"}


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below a group with the words that call it, in order."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def command_page() -> str:
    """Return the page of all commands with their arguments and flags."""
    parts = [
        "# Commands",
        "Every command with its flags, from the program itself. Which cluster a command talks to, "
        "exit codes, and the flags of `argocd` that are left out stand on "
        "[another page](../cli.md).",
    ]
    for words, command in commands(cli):
        arguments = [found for found in command.params if isinstance(found, click.Argument)]
        typed = " ".join(["tiphys", words, *(f"{found.make_metavar(_context(command))}"
                                             for found in arguments)])  # fmt: skip
        parts += [f"## {words}", _prose(command.help or ""), f"    {typed} [OPTIONS]"]
        rows = [_flag_row(found, command) for found in command.params if _is_flag(found)]
        if rows:
            parts.append("\n".join(["| flag | meaning |", "|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _context(command: click.Command) -> click.Context:
    return click.Context(command)


def _is_flag(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and not parameter.hidden


def _flag_row(option: Any, command: click.Command) -> str:
    spelled = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    if not option.is_flag:
        spelled += f" `{option.make_metavar(_context(command))}`"
    meaning = [option.help] if option.help else []
    default = option.show_default if isinstance(option.show_default, str) else option.default
    if option.show_default and default not in (None, "", (), False):
        meaning.append(f"default: {default}")
    if option.multiple:
        meaning.append("may be repeated")
    return f"| {_cell(spelled)} | {_cell('; '.join(meaning))} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _prose(text: str) -> str:
    return re.sub(r"[ \t]*\n[ \t]*", "\n", text).strip()


def resource_page() -> str:
    """Return the page of all fields of the custom resources."""
    parts = [
        "# Custom resources",
        "Every field of `argoproj.io/v1alpha1` that tiphys declares, from its definitions. "
        "`[]` is an element of a list, `{}` a value of a map.",
    ]
    for definition in custom_resource_definitions():
        [version] = definition["spec"]["versions"]
        schema = version["schema"]["openAPIV3Schema"]
        kind = definition["spec"]["names"]["kind"]
        parts += [f"## {kind}", schema.get("description", "")]
        for section, fields in schema["properties"].items():
            if section in _NOT_SHOWN:
                continue
            rows = [
                f"| `{path}` | {_type(field)} | {_cell(field.get('description', ''))} |"
                for path, field in _fields(section, fields)
            ]
            header = ["| field | type | |", "|---|---|---|"]
            parts += [f"### {kind}: {section}", "\n".join([*header, *rows])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _fields(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from _fields(f"{path}.{name}", field)
    if isinstance(items := schema.get("items"), dict):
        yield from (found for found in _fields(f"{path}[]", items) if found[0] != f"{path}[]")
    if isinstance(values := schema.get("additionalProperties"), dict):
        yield from (found for found in _fields(f"{path}{{}}", values) if found[0] != f"{path}{{}}")


def _type(schema: dict[str, Any]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "number or text"
    if isinstance(items := schema.get("items"), dict):
        return f"list of {_type(items)}"
    if isinstance(values := schema.get("additionalProperties"), dict):
        return f"map of {_type(values)}"
    return str(schema.get("type", "any"))


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "commands.md").write_text(command_page())
    (folder / "custom-resources.md").write_text(resource_page())


if __name__ == "__main__":
    main()
