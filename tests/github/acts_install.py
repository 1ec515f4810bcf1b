"""What people do with the app: install it, give it repositories, take them away, suspend it."""

from __future__ import annotations

from dataclasses import replace

from tests.github import shapes
from tests.github.events import emit_installation
from tests.github.state import Installation, Repo, State, now


class Installing:
    state: State

    def install(self, repo: Repo) -> None:
        """Gives the app the repository; the first of an account makes an installation."""
        with self.state.lock:
            mine = [one for one in self.state.installations.values() if one.account is repo.owner]
            if mine:
                mine[0].repos.add(repo.id)
                self._changed(mine[0], "added", repo)
                return
            events, permissions = self.state.events, dict(self.state.permissions)
            made = Installation(self.state.next_id(), repo.owner, permissions, events, {repo.id})
            self.state.installations[made.id] = made
            self._announce(made, "created", (repo,))

    def take_away(self, repo: Repo) -> None:
        """The app no longer has the repository."""
        with self.state.lock:
            installation = self.installation(repo)
            installation.repos.remove(repo.id)
            self._changed(installation, "removed", repo)

    def uninstall(self, installation: Installation) -> None:
        with self.state.lock:
            repos = self._repos(installation)
            del self.state.installations[installation.id]
            self.revoke_tokens(installation)
            self._announce(installation, "deleted", repos)

    def suspend(self, installation: Installation) -> None:
        with self.state.lock:
            installation.suspended_at = now()
            self._announce(installation, "suspend", self._repos(installation))

    def unsuspend(self, installation: Installation) -> None:
        with self.state.lock:
            installation.suspended_at = None
            self._announce(installation, "unsuspend", self._repos(installation))

    def accept_permissions(self, installation: Installation, **permissions: str) -> None:
        """New ones, as name=level. A level of none takes one away, and nobody is told."""
        with self.state.lock:
            granted = {**installation.permissions, **permissions}
            installation.permissions = {name: level for name, level in granted.items() if level != "none"}
            if "none" not in permissions.values():
                self._announce(installation, "new_permissions_accepted", self._repos(installation))

    def installation(self, repo: Repo) -> Installation:
        """Raises LookupError where the app is not installed."""
        found = [one for one in self.state.installations.values() if repo.id in one.repos]
        if not found:
            raise LookupError(f"the app does not have {repo.full_name}")
        return found[0]

    def revoke_tokens(self, installation: Installation) -> None:
        """Every token given so far answers 401 from now on."""
        with self.state.lock:
            for value, token in list(self.state.tokens.items()):
                if token.installation is installation:
                    self.state.tokens[value] = replace(token, expires_at=now())

    def leave_requests(self, installation: Installation, remaining: int) -> None:
        """What is left of the hour's."""
        with self.state.lock:
            installation.used = installation.limit - remaining

    def _repos(self, installation: Installation) -> tuple[Repo, ...]:
        return tuple(self.state.repos[one] for one in sorted(installation.repos))

    def _announce(self, installation: Installation, action: str, repos: tuple[Repo, ...]) -> None:
        payload = {"action": action, "repositories": [shapes.repository_id(repo) for repo in repos]}
        emit_installation(self.state, installation, "installation", payload)

    def _changed(self, installation: Installation, action: str, repo: Repo) -> None:
        lists = {
            f"repositories_{word}": [shapes.repository_id(repo)] * (word == action) for word in ("added", "removed")
        }
        payload = {"action": action, "repository_selection": "selected", "requester": None, **lists}
        emit_installation(self.state, installation, "installation_repositories", payload)
