"""The file in which the command line keeps servers and sessions; `argocd` reads the same one.

Source: Argo CD command reference, `argocd login` and `argocd context`.
"""

import os
from pathlib import Path

import msgspec
import yaml

from tiphys.model.errors import InvalidInputError
from tiphys.model.source import Record

_PRIVATE = (0o600, 0o400)


class Named(Record, frozen=True, rename="kebab"):
    """A context: a server and a user of it, under a name."""

    name: str = ""
    server: str = ""
    user: str = ""


class Server(Record, frozen=True, rename="kebab"):
    """How to reach a server."""

    server: str = ""
    insecure: bool = False
    plain_text: bool = False
    certificate_authority_data: str = ""


class User(Record, frozen=True, rename="kebab"):
    """A session."""

    name: str = ""
    auth_token: str = ""
    refresh_token: str = ""


class Configuration(Record, frozen=True, rename="kebab"):
    """Everything that the file holds."""

    current_context: str = ""
    contexts: tuple[Named, ...] = ()
    servers: tuple[Server, ...] = ()
    users: tuple[User, ...] = ()
    prompts_enabled: bool = False

    def context(self, name: str = "") -> Named | None:
        """Return a context by its name, the current one without a name."""
        wanted = name or self.current_context
        return next((found for found in self.contexts if found.name == wanted), None)

    def server(self, address: str) -> Server | None:
        """Return a server by its address."""
        return next((found for found in self.servers if found.server == address), None)

    def user(self, name: str) -> User | None:
        """Return a session by its name."""
        return next((found for found in self.users if found.name == name), None)

    def logged_in(self, context: Named, server: Server, token: str) -> "Configuration":
        """Return the configuration after a login."""
        user = User(name=context.user, auth_token=token)
        return msgspec.structs.replace(
            self,
            current_context=context.name,
            contexts=(*(c for c in self.contexts if c.name != context.name), context),
            servers=(*(s for s in self.servers if s.server != server.server), server),
            users=(*(u for u in self.users if u.name != user.name), user),
        )

    def logged_out(self, user: str) -> "Configuration":
        """Return the configuration without a session."""
        return msgspec.structs.replace(
            self, users=tuple(found for found in self.users if found.name != user)
        )

    def without(self, context: Named) -> "Configuration":
        """Return the configuration without a context and what only it uses."""
        contexts = tuple(found for found in self.contexts if found.name != context.name)
        used = {found.server for found in contexts}
        users = {found.user for found in contexts}
        is_current = self.current_context == context.name
        return msgspec.structs.replace(
            self,
            current_context="" if is_current else self.current_context,
            contexts=contexts,
            servers=tuple(found for found in self.servers if found.server in used),
            users=tuple(found for found in self.users if found.name in users),
        )


def configuration_file() -> Path:
    """Return where the file is: $ARGOCD_CONFIG_DIR, ~/.argocd, $XDG_CONFIG_HOME or ~/.config."""
    named = os.environ.get("ARGOCD_CONFIG_DIR")
    if named:
        return Path(named) / "config"
    legacy = Path.home() / ".argocd" / "config"
    if legacy.exists():
        return legacy
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "argocd" / "config"


def read_configuration(file: Path) -> Configuration:
    """Return what the file holds; nothing when there is none.

    Raises:
        InvalidInputError: others can read it, or it is not understood.
    """
    try:
        mode = file.stat().st_mode & 0o777
        text = file.read_text()
    except FileNotFoundError:
        return Configuration()
    except (OSError, UnicodeDecodeError) as err:
        raise InvalidInputError(f"cannot be read: {err}", where=str(file)) from None
    if mode not in _PRIVATE:
        raise InvalidInputError(
            f"others may read the sessions in it: its permissions are {mode:04o}",
            where=str(file),
            hint=f"Run `chmod 600 {file}`.",
        )
    try:
        return msgspec.convert(yaml.safe_load(text) or {}, Configuration)
    except (yaml.YAMLError, msgspec.ValidationError) as err:
        what = " ".join(str(err).split())
        raise InvalidInputError(f"is not a configuration: {what[:200]}", where=str(file)) from None


def write_configuration(file: Path, configuration: Configuration) -> None:
    """Write the file so that only its owner can read it; it is replaced as a whole."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f"{file.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as written:
        yaml.safe_dump(msgspec.to_builtins(configuration), written, sort_keys=False)
    draft.replace(file)
