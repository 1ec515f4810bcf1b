"""What people do with code: repositories, branches, pull requests, the merge queue."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.github import branches, groups, pulls
from tests.github.acts_install import Installing
from tests.github.bare import Bare, Files
from tests.github.state import ROLES, Group, Pull, Repo, User, now


class Code(Installing):
    """Everything here takes people and branches by name. What GitHub would refuse raises Refused."""

    def add_user(self, login: str, kind: str = "User") -> User:
        """The same one, if there is one."""
        with self.state.lock:
            if login.lower() not in self.state.users:
                self.state.users[login.lower()] = User(self.state.next_id(), login, kind)
            return self.state.user(login)

    def create_repository(self, full_name: str, files: Files | Path, *, install: bool = True) -> Repo:
        """With one commit of the files on main, or as a copy of a git directory. Its owner becomes an organization.
        install: the app is given it, in an installation of the owner's that is made if there is none."""
        owner, _, name = full_name.partition("/")
        with self.state.lock:
            account = self.add_user(owner, "Organization")
            repo = Repo(self.state.next_id(), account, name, self.state.root / f"{self.state.next_id()}.git")
            bare = Bare.create(repo.directory, repo.default_branch)
            if isinstance(files, Path):
                bare.git("fetch", "-q", str(files), "+refs/heads/*:refs/heads/*")
            else:
                bare.update("refs/heads/main", bare.commit(files, None, "first"))
            self.state.repos[repo.id] = repo
            if install:
                self.install(repo)
            return repo

    def fork(self, repo: Repo, login: str) -> Repo:
        """A copy of the login's own, where the app is not installed."""
        with self.state.lock:
            owner = self.add_user(login)
            made = Repo(self.state.next_id(), owner, repo.name, self.state.root / f"{self.state.next_id()}.git")
            shutil.copytree(repo.directory, made.directory)
            made.fork_of, made.default_branch = repo, repo.default_branch
            made.roles[login] = "admin"
            self.state.repos[made.id] = made
            return made

    def rename(self, repo: Repo, name: str) -> None:
        """The old name redirects."""
        with self.state.lock:
            repo.old_names.add(repo.full_name.lower())
            repo.name = name

    def archive(self, repo: Repo) -> None:
        """From now on it can only be read."""
        with self.state.lock:
            repo.archived = True

    def allow(self, repo: Repo, login: str, role: str) -> User:
        """role: none, read, triage, write, maintain or admin."""
        with self.state.lock:
            repo.roles[login] = ROLES[ROLES.index(role)]
            return self.add_user(login)

    def add_team(self, org: str, slug: str, *logins: str) -> None:
        with self.state.lock:
            self.state.teams[org.lower(), slug] = {self.add_user(login).login.lower(): "member" for login in logins}

    def push(self, repo: Repo, branch: str, files: Files, by: str = "", message: str = "change") -> str:
        """A commit on the branch, or on a new branch of the default one. Its SHA."""
        with self.state.lock:
            bare = Bare(repo.directory)
            parent = bare.branch(branch) or bare.branch(repo.default_branch)
            sha = bare.commit(files, parent, message)
            branches.move(self.state, repo, branch, sha, self._someone(repo, by))
            return sha

    def force_push(self, repo: Repo, branch: str, sha: str, by: str = "") -> None:
        """The branch becomes any commit that is there."""
        with self.state.lock:
            branches.move(self.state, repo, branch, sha, self._someone(repo, by))

    def delete_branch(self, repo: Repo, branch: str, by: str = "") -> None:
        """Closes the pull requests from it."""
        with self.state.lock:
            sender = self._someone(repo, by)
            branches.move(self.state, repo, branch, None, sender)
            for pull in repo.pulls.values():
                if pull.state == "open" and pull.head_repo is repo and pull.head_ref == branch:
                    pulls.close(self.state, pull, sender)

    def open_pull(
        self, repo: Repo, head: str, author: str, *, base: str = "", draft: bool = False, fork: Repo | None = None
    ) -> Pull:
        """From a branch of the repository, or of a fork."""
        with self.state.lock:
            source, target = fork or repo, base or repo.default_branch
            head_sha, base_sha = Bare(source.directory).branch(head), Bare(repo.directory).branch(target)
            if head_sha is None or base_sha is None:
                raise LookupError(f"no branch {head} or {target}")
            number = pulls.next_number(repo)
            pull = Pull(
                self.state.next_id(),
                number,
                repo,
                source,
                head,
                head_sha,
                target,
                base_sha,
                self.add_user(author),
                head,
            )
            pull.draft = draft
            return pulls.open_pull(self.state, pull)

    def close(self, login: str, pull: Pull) -> None:
        with self.state.lock:
            pulls.close(self.state, pull, self.state.user(login))

    def reopen(self, login: str, pull: Pull) -> None:
        with self.state.lock:
            pulls.reopen(self.state, pull, self.state.user(login))

    def merge(self, login: str, pull: Pull, method: str = "merge") -> None:
        """method: merge, squash, or rebase of one commit."""
        with self.state.lock:
            pulls.merge(self.state, pull, self.state.user(login), method)

    def change_base(self, login: str, pull: Pull, base: str) -> None:
        with self.state.lock:
            pulls.edit(self.state, pull, self.state.user(login), base)

    def ready_for_review(self, login: str, pull: Pull) -> None:
        with self.state.lock:
            pull.draft, pull.updated_at = False, now()
            branches.announce(self.state, pull, "ready_for_review", self.state.user(login))

    def queue(self, login: str, *members: Pull, method: str = "merge") -> Group:
        """One merge group of them; it merges by itself when its required check passes. method: merge, squash or
        rebase."""
        with self.state.lock:
            return groups.queue(self.state, members, self.state.user(login), method)

    def leave_queue(self, group: Group) -> None:
        """It is destroyed without having merged."""
        with self.state.lock:
            groups.give_up(self.state, group)

    def _someone(self, repo: Repo, login: str) -> User:
        return self.state.user(login) if login else repo.owner
