"""The environments' file: what is read, what each repository sees of it, and one sentence for each mistake."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import commands
from workers.environments.config import Configured, Environments, read_environments
from workers.environments.config_checks import TAKEN
from workers.environments.model import (
    BackupMethod,
    BackupPlan,
    DriftPlan,
    Environment,
    EnvironmentKind,
    Freeze,
    NeonProject,
    RehearseOn,
    Retention,
    Rules,
    Timeouts,
    Window,
)
from workers.errors import InputError
from workers.policy import EnvironmentPolicy
from workers.policy_file import parse_policy

SECRET = "correct-horse-battery"
VARIABLES = {
    "STAGING_URL": f"postgresql://shop:{SECRET}@staging.acme.example/shop",
    "PRODUCTION_PASSWORD": SECRET,
    "NEON_API_KEY": SECRET,
    "EMPTY": "",
}
WHOLE = """
[repositories."acme/shop"]
id = 123456

[repositories."acme/shop".environments.staging]
kind = "staging"
url = "${STAGING_URL}"

[repositories."acme/shop".environments.production]
kind = "production"
url = "postgresql://shop:${PRODUCTION_PASSWORD}@db.acme.example:5433/shop?schema=app"
pooled_url = "postgresql://shop:${PRODUCTION_PASSWORD}@db.acme.example:6432/shop"
tls = false
who = ["admin", "@acme/dba"]
force = ["@acme/dba"]
lossy = ["admin"]
ticks = false
approvals = 2
after = []
merged = true
rehearse = "url"
copy_url = "postgresql://shop:${PRODUCTION_PASSWORD}@copy.acme.example/shop"
drift = { every_hours = 168, issue = false, branch = "release" }
path = "./apps/shop/"

[[repositories."acme/shop".environments.production.windows]]
days = "Mon-Thu"
from = "09:00"
to = "16:00"
zone = "Europe/Paris"

[[repositories."acme/shop".environments.production.windows]]
days = ["Sat", "Sun-Mon"]
from = 22:30:00
to = 02:00:00
zone = "UTC"

[[repositories."acme/shop".environments.production.freezes]]
from = 2026-12-20T00:00:00Z
to = 2027-01-04T00:00:00Z
reason = "holidays"

[repositories."acme/shop".environments.production.timeouts]
connect_seconds = 5
lock_seconds = 0.5
lock_attempts = 3
statement_seconds = 0
total_seconds = 600

[repositories."acme/shop".environments.production.backup]
method = "neon"
jobs = 4
compress = 9
pg_dump = "/usr/lib/postgresql/17/bin/pg_dump"
sample = 0
target = "s3://acme-backups/shop"

[repositories."acme/shop".environments.production.backup.retention]
daily = 1
weekly = 2
monthly = 3
branch_hours = 48

[repositories."acme/shop".environments.production.neon]
project = "calm-sea-1"
branch = "main"
api_key = "${NEON_API_KEY}"
api_url = "https://neon.acme.example/api/v2/"
"""
STAGING = Environment(
    "acme/shop",
    "staging",
    EnvironmentKind.STAGING,
    f"postgresql://shop:{SECRET}@staging.acme.example/shop",
    rules=Rules(who=("write",), lossy=("write",)),
)
PRODUCTION = Environment(
    repository="acme/shop",
    name="production",
    kind=EnvironmentKind.PRODUCTION,
    url=f"postgresql://shop:{SECRET}@db.acme.example:5433/shop?schema=app",
    pooled_url=f"postgresql://shop:{SECRET}@db.acme.example:6432/shop",
    tls=False,
    rules=Rules(
        who=("admin", "@acme/dba"),
        force=("@acme/dba",),
        lossy=("admin",),
        ticks=False,
        approvals=2,
        after=(),
        merged=True,
        windows=(
            Window((0, 1, 2, 3), time(9), time(16), "Europe/Paris"),
            Window((0, 5, 6), time(22, 30), time(2), "UTC"),
        ),
        freezes=(Freeze(datetime(2026, 12, 20, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC), "holidays"),),
    ),
    timeouts=Timeouts(5_000, 500, 3, 0, 600_000),
    backup=BackupPlan(
        method=BackupMethod.NEON,
        target="s3://acme-backups/shop",
        jobs=4,
        compress=9,
        pg_dump=Path("/usr/lib/postgresql/17/bin/pg_dump"),
        sample=0,
        retention=Retention(1, 2, 3, 48),
    ),
    neon=NeonProject("calm-sea-1", "main", SECRET, "https://neon.acme.example/api/v2"),
    rehearse_on=RehearseOn.URL,
    copy_url=f"postgresql://shop:{SECRET}@copy.acme.example/shop",
    drift=DriftPlan(168, issue=False, branch="release"),
    path="apps/shop",
)


class Reader:
    """The same file for every text: its name stands in the sentences."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "e.toml"

    def __call__(self, text: str) -> Environments:
        self.path.write_text(text)
        return read_environments(self.path, VARIABLES)

    def wrong(self, text: str) -> str:
        with pytest.raises(InputError) as error:
            self(text)
        return str(error.value).replace(str(self.path), "e.toml")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


# ---------------------------------------------------------------- what is read


def test_no_file() -> None:
    assert read_environments(None, {}) == Environments()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[repositories]\n"])
def test_nothing_said(reader: Reader, text: str) -> None:
    assert reader(text) == Environments()


def test_everything_said(reader: Reader) -> None:
    assert reader(WHOLE).repositories == (Configured("acme/shop", 123456, (STAGING, PRODUCTION)),)


def environment(name: str = "staging", kind: str = "staging", repository: str = "acme/shop", more: str = "") -> str:
    """With a database of its own, where `more` gives no other."""
    place = f"{name}.{repository.replace('/', '.')}.example"
    url = "" if more.startswith("url ") else f'url = "postgresql://shop@{place}/shop"\n'
    return f'[repositories."{repository}".environments.{name}]\nkind = "{kind}"\n{url}{more}\n'


def test_production_is_strict_where_nothing_is_said(reader: Reader) -> None:
    names = (("test", "test"), ("eu", "staging"), ("production", "production"), ("us", "staging"))
    found = reader("".join(environment(name, kind) for name, kind in names)).of("acme/shop", 1)
    easy = Rules(who=("write",), lossy=("write",))
    strict = Rules(who=("maintain",), force=(), lossy=(), ticks=True, approvals=1, after=("eu", "us"))
    assert [one.rules for one in found] == [easy, easy, strict, easy]


def test_production_without_staging_comes_after_nothing(reader: Reader) -> None:
    (found,) = reader(environment("live", "production")).of("acme/shop", 1)
    assert (found.rules.after, found.rules.ticks) == ((), True)


def test_a_variable_is_text_whatever_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(environment("a", "test", more='url = "${U}"\nbackup = {method = "pg_dump", target = "${T}"}'))
    hostile = '/x"\nwho = ["none"]\n\\u0000 ${U}'
    (found,) = read_environments(path, {"U": "postgresql://a@b/c", "T": hostile}).of("acme/shop", 0)
    assert (found.backup.target, found.rules.who) == (hostile, ("write",))


# ---------------------------------------------------------------- who sees what


def test_a_repository_sees_its_own_environments_and_no_others(reader: Reader) -> None:
    found = reader(WHOLE + environment(repository="acme/blog"))
    assert [one.name for one in found.of("acme/shop", 123456)] == ["staging", "production"]
    assert [one.name for one in found.of("ACME/Shop", 123456)] == ["staging", "production"]
    assert [one.repository for one in found.of("acme/blog", 7)] == ["acme/blog"]
    assert found.of("acme/shop", 654321) == ()  # whoever took the name after it was given up
    assert found.of("acme/sho", 123456) == ()
    assert Environments().of("acme/shop", 123456) == ()


def _with_url(url: str, *, repository: str = "evil/shop") -> str:
    return environment(repository=repository, more=f'url = "{url}"')


ACME = "postgresql://acme@db.acme.example/shop"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ACME, ACME),
        (ACME, "postgres://evil:x@DB.acme.example.:5432/shop?schema=other"),
        (ACME, "postgresql://evil@db.acme.example:6432/shop"),
        (ACME, "postgresql://evil@/shop?host=db.acme.example"),
        (ACME, "postgresql://evil@elsewhere.example,db.acme.example/shop"),
        ("postgresql://a@localhost/shop", "postgresql://b@127.0.0.1/shop"),
        ("postgresql://a@[::1]/shop", "postgresql://b@localhost/shop?host=/run/postgresql"),
        ("postgresql://a@ep-x-1.eu.aws.neon.tech/n", "postgresql://b@ep-x-1-pooler.eu.aws.neon.tech/n"),
        (
            "postgresql://postgres@db.abcd.supabase.co/postgres",
            "postgresql://postgres.abcd@aws-0-eu.pooler.supabase.com:5432/postgres",
        ),
        (
            "postgresql://postgres@db.abcd.supabase.co/postgres",
            "postgresql://postgres.abcd@aws-0-eu.pooler.supabase.com:6543/postgres",
        ),
    ],
)
def test_no_repository_reaches_the_database_of_another(reader: Reader, ours: str, theirs: str) -> None:
    assert reader.wrong(_with_url(ours, repository="acme/shop") + _with_url(theirs)) == (
        "e.toml:6: repositories.evil/shop.environments.staging.url is the database of acme/shop, which no other "
        "repository may reach."
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ACME, "postgresql://acme@db.acme.example/blog"),
        (ACME, "postgresql://acme@db.acme.example:5433/shop"),
        (
            "postgresql://postgres.abcd@aws-0-eu.pooler.supabase.com:5432/postgres",
            "postgresql://postgres.efgh@aws-0-eu.pooler.supabase.com:5432/postgres",
        ),
        ("postgresql://abcd@db.prisma.io/postgres", "postgresql://efgh@db.prisma.io/postgres"),
    ],
)
def test_other_databases_of_one_server_are_others(reader: Reader, ours: str, theirs: str) -> None:
    assert len(reader(_with_url(ours, repository="acme/shop") + _with_url(theirs)).repositories) == 2


def test_two_environments_of_one_repository_may_share_a_database(reader: Reader) -> None:
    text = environment("a", "test", more=f'url = "{ACME}?schema=a"') + environment("b", "test", more=f'url = "{ACME}"')
    assert len(reader(text).of("acme/shop", 1)) == 2


def test_a_copy_is_no_environment(reader: Reader) -> None:
    copy = f'rehearse = "url"\ncopy_url = "{ACME}?schema=x"'
    text = environment(more=copy) + environment("production", "production", more=f'url = "{ACME}"')
    assert reader.wrong(text) == (
        "e.toml:5: repositories.acme/shop.environments.staging.copy_url is the database of production itself, and no "
        "copy."
    )


# ---------------------------------------------------------------- secrets


def test_what_is_written_out_is_known(reader: Reader) -> None:
    assert reader(WHOLE).written_out == ()
    text = WHOLE.replace("${NEON_API_KEY}", "napi_1").replace("${PRODUCTION_PASSWORD}@copy", "x${STAGING_URL}@copy")
    text = text.replace("${STAGING_URL}@copy", "y@copy") + environment("other", "test", more=f'url = "{ACME}"')
    assert reader(text).written_out == (
        "repositories.acme/shop.environments.production.copy_url",
        "repositories.acme/shop.environments.production.neon.api_key",
    )


@pytest.mark.parametrize("query", ["password=x", "sslpassword=x", "api_key=x"])
def test_a_secret_may_stand_in_the_query(reader: Reader, query: str) -> None:
    text = environment(more=f'url = "postgresql://a@b/c?{query}"')
    assert reader(text).written_out == ("repositories.acme/shop.environments.staging.url",)


def test_no_environment_shows_its_secrets() -> None:
    assert SECRET not in repr(Environments((Configured("acme/shop", 1, (STAGING, PRODUCTION)),)))


@given(st.sampled_from(WHOLE.splitlines()), st.text("[]{}\"'=.,\\#x0 \t$", max_size=12), st.integers(0, 80))
def test_no_mistake_shows_a_secret(tmp_path_factory: pytest.TempPathFactory, line: str, typed: str, at: int) -> None:
    """A file with a slip of the keyboard in one of its lines, and the secrets written out."""
    path = tmp_path_factory.getbasetemp() / "slip.toml"
    text = WHOLE.replace(line, line[:at] + typed + line[at:])
    for name, value in VARIABLES.items():
        text = text.replace(f"${{{name}}}", value)
    path.write_text(text)
    try:
        told = str(path) + repr(read_environments(path, VARIABLES))
    except InputError as error:
        told = str(error)
    assert told.startswith(str(path))
    assert SECRET not in told


# ---------------------------------------------------------------- mistakes

AT = "repositories.acme/shop.environments.staging"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = [\n\n", "e.toml:3: not TOML: Invalid value (at end of document)."),
        ("\n\na = 1\na = 2\nb = 1", "e.toml:4: not TOML: Cannot overwrite a value."),
        ("a = " + "[" * 5000, "e.toml: nested too deeply."),
        ("repository = 1", "e.toml:1: repository is not a known setting."),
        ("\nrepositories = 1", "e.toml:2: repositories should hold settings, as key = value."),
        ("[repositories.shop]", "e.toml:1: repositories.shop should be owner/name, in quotes."),
        (
            '[repositories."a/b"]\n[repositories."A/b"]',
            "e.toml:2: repositories.A/b is there twice, for GitHub's names have no case.",
        ),
        ('[repositories."a/b"]\nid = "1"', "e.toml:2: repositories.a/b.id should be a valid integer."),
        (f'[repositories."acme/shop".environments.staging]\nurl="{ACME}"', f"e.toml:1: {AT}.kind is missing."),
        (environment(kind="x"), f"e.toml:2: {AT}.kind should be 'development', 'test', 'staging' or 'production'."),
        (
            environment("Staging"),
            "e.toml:1: repositories.acme/shop.environments.Staging should have a name of at most 30 of a-z, 0-9 and -.",
        ),
        (environment("reset"), "e.toml:1: repositories.acme/shop.environments.reset has the name of a command."),
    ],
)
def test_what_is_not_understood(reader: Reader, text: str, sentence: str) -> None:
    assert reader.wrong(text) == sentence


UNREADABLE = (
    "is not understood: the URL of the database cannot be read: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
    "and in the password @ as %40, / as %2F, ? as %3F, % as %25"
)
WHO = "should be write, maintain, admin or @org/team"


@pytest.mark.parametrize(
    ("setting", "key", "why"),
    [
        ("url = 1", "url", "should be a valid string"),
        ('url = "postgresql://a:b@c:d@e/f"', "url", UNREADABLE),
        ('url = "${NOWHERE}"', "url", "needs the environment variable NOWHERE, which is not set"),
        ('url = "x${EMPTY}"', "url", "needs the environment variable EMPTY, which is not set"),
        ('url = "${a b}"', "url", "has a ${…} that names no environment variable"),
        ("urls = 1", "urls", "is not a known setting"),
        ("tls = 1", "tls", "should be a valid boolean"),
        ('approvals = "1"', "approvals", "should be a valid integer"),
        ("approvals = -1", "approvals", "should be greater than or equal to 0"),
        ('who = "write"', "who", "should be a valid list"),
        ('who = ["read"]', "who.0", WHO),
        ('force = [\n"ada"]', "force.0", WHO),
        ('lossy = ["write", "@acme"]', "lossy.1", WHO),
        ('after = ["stagin"]', "after", "names stagin, which is no environment of acme/shop"),
        ('after = ["staging"]', "after", "goes round in a circle: staging before staging"),
        ("windows = [{}]", "windows.0.days", "is missing"),
        ("windows = 1", "windows", "should be a valid list"),
        ('backup = {method = "pg_dump"}', "backup", "should have a target, where its dumps go"),
        (
            'backup = {method = "pg_dump", target = "dumps"}',
            "backup.target",
            "should be a folder's whole path, or s3://BUCKET/PREFIX",
        ),
        ("timeouts = {lock_seconds = 0}", "timeouts.lock_seconds", "should be greater than or equal to 0.001"),
        ("timeouts = {lock_attempts = 0}", "timeouts.lock_attempts", "should be greater than or equal to 1"),
        ("timeouts = {total_seconds = inf}", "timeouts.total_seconds", "should be less than or equal to 604800"),
        ("timeouts = {total_seconds = nan}", "timeouts.total_seconds", "should be less than or equal to 604800"),
        ("timeouts = 3", "timeouts", "should hold settings, as key = value"),
        (
            'neon = {project = "p", branch = "b", api_key = "k", api_url = "http://neon.example"}',
            "neon.api_url",
            "should be an https:// address",
        ),
        ('neon = {project = "p", branch = "b"}', "neon.api_key", "is missing"),
        ("drift = true", "drift", "should hold settings, as key = value"),
        ("drift = {issue = true}", "drift.every_hours", "is missing"),
        ('path = "../shop"', "path", "should be a folder inside the repository"),
        ('path = "/shop"', "path", "should be a folder inside the repository"),
        ("drift = {every_hours = 0}", "drift.every_hours", "should be greater than or equal to 1"),
        ("drift = {every_hours = 169}", "drift.every_hours", "should be less than or equal to 168"),
        ('drift = {every_hours = 1, branch = ""}', "drift.branch", "string should have at least 1 character"),
    ],
)
def test_a_setting_that_is_not_understood(reader: Reader, setting: str, key: str, why: str) -> None:
    line = 3 if setting.startswith("url ") else 4
    assert reader.wrong(environment(more=setting)) == f"e.toml:{line}: {AT}.{key} {why}."


NO_NEON = "should have a table neon, which its backup or rehearsal is made in"


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ('rehearse = "neon"', NO_NEON),
        ('backup = {method = "neon"}', NO_NEON),
        ('rehearse = "url"', "should have the copy_url that rehearsals run on"),
    ],
)
def test_an_environment_without_what_it_needs(reader: Reader, setting: str, why: str) -> None:
    assert reader.wrong(environment(more=setting)) == f"e.toml:1: {AT} {why}."


GOOD_WINDOW = {"days": '"Mon-Thu"', "from": '"09:00"', "to": '"16:00"', "zone": '"Europe/Paris"'}
GOOD_FREEZE = {"from": "2026-12-20T00:00:00Z", "to": "2027-01-04T00:00:00+01:00", "reason": '"holidays"'}
DAYS = 'should be days such as "Mon-Thu" or ["Mon", "Wed"]'


@pytest.mark.parametrize(
    ("table", "setting", "value", "why"),
    [
        ("windows", "days", '"Monday"', DAYS),
        ("windows", "days", '["Mon", 2]', DAYS),
        ("windows", "days", "[]", DAYS),
        ("windows", "days", '"Mon-"', None),
        ("windows", "from", '"9:00"', 'should be a time of the day such as "09:00"'),
        ("windows", "to", '"24:00"', 'should be a time of the day such as "09:00"'),
        ("windows", "zone", '"Europe/Pariss"', 'should be a zone of the IANA database such as "Europe/Paris"'),
        ("windows", "zone", '"../../etc/passwd"', 'should be a zone of the IANA database such as "Europe/Paris"'),
        ("windows", "zone", '"Europe"', 'should be a zone of the IANA database such as "Europe/Paris"'),
        ("freezes", "from", "2026-12-20T00:00:00", "should have timezone info"),
        ("freezes", "from", "2026-12-20", "should be a valid datetime"),
        ("freezes", "to", "9999-12-31T00:00:00Z", "should be before the year 3000"),
        ("freezes", "reason", '""', "string should have at least 1 character"),
    ],
)
def test_the_second_of_two_tables_is_the_wrong_one(
    reader: Reader, table: str, setting: str, value: str, why: str | None
) -> None:
    good = GOOD_WINDOW if table == "windows" else GOOD_FREEZE
    lines = [environment().strip()]
    for settings in (good, {**good, setting: value}):
        lines.append(f'[[repositories."acme/shop".environments.staging.{table}]]  # a comment')
        lines += [f"{key} = {text}" for key, text in settings.items()]
    text = "\n".join(lines)
    if why is None:
        assert reader(text)
    else:
        line = 3 + 2 * (1 + len(good)) - len(good) + 1 + list(good).index(setting)
        assert reader.wrong(text) == f"e.toml:{line}: {AT}.{table}.1.{setting} {why}."


def test_a_freeze_ends_after_it_begins(reader: Reader) -> None:
    freeze = "freezes = [{from = 2026-12-20T00:00:00Z, to = 2026-12-20T00:00:00Z, reason = 'x'}]"
    assert reader.wrong(environment(more=freeze)) == f"e.toml:4: {AT}.freezes.0 should end after it begins."


def test_a_ring_of_environments(reader: Reader) -> None:
    text = environment("a", "test", more='after = ["b"]') + environment("b", "test", more='after = ["a"]')
    assert "goes round in a circle: " in reader.wrong(text)


def test_no_file_to_read(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=f"^{path}: {why}.$"):
            read_environments(path, {})
    (tmp_path / "latin").write_bytes(b"# caf\xe9")
    with pytest.raises(InputError, match="not UTF-8"):
        read_environments(tmp_path / "latin", {})


def test_no_environment_has_the_name_of_a_command() -> None:
    assert {*commands.COMMANDS, *commands.FORBIDDEN} <= TAKEN


def test_a_machine_without_environments_does_not_pay_for_reading_them() -> None:
    """Importing pydantic takes 70 ms."""
    code = (
        "import sys, workers.environments.config as c\nc.read_environments(None, {})\nprint('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_file_and_the_policy_in_the_documentation(reader: Reader) -> None:
    text = (Path(__file__).parents[3] / "docs" / "environments.md").read_text()
    toml, yaml = (text.split(f"```{language}\n")[1].split("```")[0] for language in ("toml", "yaml"))
    documented = {"SHOP_STAGING_URL": ACME.replace("/shop", "/staging"), "SHOP_PASSWORD": SECRET}
    reader.path.write_text(toml)
    found = read_environments(reader.path, documented)
    assert [one.name for one in found.of("acme/shop", 123456)] == ["staging", "production"]
    assert found.written_out == ()
    assert parse_policy(yaml).environment("production") == EnvironmentPolicy(2, True, ("staging",), True)
