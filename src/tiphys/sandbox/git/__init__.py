"""A Git server over HTTP for the sandbox: the real `git http-backend` behind an ASGI app.

    paths       which URL means which repository and service; nothing outside the root
    accounts    who may use a protected repository
    backend     one request through `git http-backend`, streamed both ways
    repository  a bare repository made of a directory's content
    push        what a push changed, in the shape of GitHub's push event
    app         the ASGI app that puts these together
    serve       the app on a port of its own

Everybody on the machine may fetch and push: the sandbox listens on 127.0.0.1 only.
"""

from tiphys.sandbox.git.accounts import protect
from tiphys.sandbox.git.app import git_app
from tiphys.sandbox.git.repository import ensure_repository
from tiphys.sandbox.git.serve import serve_git

__all__ = ["ensure_repository", "git_app", "protect", "serve_git"]
