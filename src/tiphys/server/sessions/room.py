"""What the routes of sessions, accounts and settings share."""

from collections.abc import Callable

import msgspec

from tiphys.delivery.accounts import Accounts
from tiphys.delivery.clock import Clock
from tiphys.delivery.installation import Installation
from tiphys.delivery.project_tokens import ProjectTokens
from tiphys.delivery.sessions import Sessions
from tiphys.delivery.tokens import Signer
from tiphys.server.access import Access
from tiphys.server.sessions.login import PasswordLogin
from tiphys.settings.login import LoginSettings
from tiphys.settings.sso import SsoSettings


class LoginRoom(msgspec.Struct, frozen=True, kw_only=True):
    """The parts; settings are asked for each time anew."""

    installation: Installation
    access: Access
    accounts: Accounts
    project_tokens: ProjectTokens
    sessions: Sessions
    signer: Signer
    passwords: PasswordLogin
    settings: Callable[[], LoginSettings]
    sso: Callable[[], SsoSettings]
    clock: Clock
