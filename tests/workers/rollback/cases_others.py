"""Constraints, indexes, types, views and code."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, LOSSY, SHOP, VIEWS, Case

CONSTRAINTS = (
    Case("index made", SHOP, 'CREATE UNIQUE INDEX ON "Post" (lower(title)) WHERE "order" > 1', EXACT),
    Case("index dropped", SHOP, 'DROP INDEX "User_name_idx"', EXACT),
    Case("index renamed", SHOP, 'ALTER INDEX "User_name_idx" RENAME TO n', EXACT),
    Case(
        "constraint renamed",
        SHOP,
        'ALTER TABLE "User" RENAME CONSTRAINT "User_pkey" TO pk; ALTER TABLE "Post" RENAME CONSTRAINT positive TO p',
        EXACT,
    ),
    Case(
        "constraint from an index",
        SHOP + 'CREATE UNIQUE INDEX u ON "User" (email, id);',
        'ALTER TABLE "User" ADD CONSTRAINT u UNIQUE USING INDEX u',
        EXACT,
    ),
    Case(
        "checks",
        SHOP,
        'ALTER TABLE "Post" DROP CONSTRAINT positive, ADD CONSTRAINT short CHECK (length(title) < 9) NOT VALID',
        EXACT,
    ),
    Case(
        "validated",
        SHOP + 'ALTER TABLE "Post" ADD CONSTRAINT c CHECK (id > 0) NOT VALID;',
        'ALTER TABLE "Post" VALIDATE CONSTRAINT c',
        EXACT,
    ),
    Case(
        "deferrable",
        SHOP,
        'ALTER TABLE "Post" ALTER CONSTRAINT "Post_authorId_fkey" DEFERRABLE INITIALLY DEFERRED',
        EXACT,
    ),
    Case(
        "reference made again",
        SHOP,
        'ALTER TABLE "Post" DROP CONSTRAINT "Post_authorId_fkey"; '
        'ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" '
        'FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE',
        EXACT,
    ),
    Case(
        "another primary key",
        SHOP,
        'ALTER TABLE "Post" DROP CONSTRAINT "Post_pkey", '
        "ADD COLUMN key uuid NOT NULL DEFAULT gen_random_uuid(), "
        'ADD CONSTRAINT "Post_pkey" PRIMARY KEY (key)',
        EXACT,
    ),
    Case("primary key dropped", SHOP, 'ALTER TABLE "User" DROP CONSTRAINT "User_pkey" CASCADE', EXACT),
    Case(
        "primary key added",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1)",
        "ALTER TABLE t ADD PRIMARY KEY (a)",
        EXACT,
    ),
    Case("exclusion", "CREATE TABLE t (r int4range)", "ALTER TABLE t ADD EXCLUDE USING gist (r WITH &&)", EXACT),
    Case("clustered", SHOP, 'ALTER TABLE "User" CLUSTER ON "User_name_idx"', EXACT),
    Case(
        "nulls not distinct",
        SHOP,
        'CREATE UNIQUE INDEX i ON "Post" (title, "order") NULLS NOT DISTINCT',
        EXACT,
        since=15,
    ),
    Case("statistics", SHOP, 'CREATE STATISTICS st ON email, name FROM "User"', EXACT),
)


TYPES = (
    Case("enum made", SHOP, "CREATE TYPE color AS ENUM ('red'); ALTER TABLE \"User\" ADD c color DEFAULT 'red'", EXACT),
    Case("enum value added", SHOP, "ALTER TYPE \"Role\" ADD VALUE 'GUEST' BEFORE 'ADMIN'", EXACT),
    Case(
        "enum value added under a view and an index",
        VIEWS + 'CREATE INDEX admins ON "User" (id) WHERE "role" = \'ADMIN\';',
        "ALTER TYPE \"Role\" ADD VALUE 'GUEST'",
        EXACT,
    ),
    Case("enum value renamed", SHOP, "ALTER TYPE \"Role\" RENAME VALUE 'USER' TO 'MEMBER'", EXACT),
    Case("enum renamed", SHOP, 'ALTER TYPE "Role" RENAME TO "Part"', EXACT),
    Case(
        "enum recreated",
        SHOP,
        """BEGIN; CREATE TYPE "Role_new" AS ENUM ('USER', 'ADMIN', 'OWNER');
        ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
        ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
        ALTER TYPE "Role" RENAME TO "Role_old"; ALTER TYPE "Role_new" RENAME TO "Role"; DROP TYPE "Role_old";
        ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'OWNER'; COMMIT;""",
        EXACT,
    ),
    Case(
        "enum array",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e[] NOT NULL DEFAULT '{}'); INSERT INTO t VALUES ('{a}')",
        "ALTER TYPE e ADD VALUE 'b'",
        EXACT,
    ),
    Case(
        "text to enum",
        SHOP + "UPDATE \"User\" SET name = 'x';",
        "CREATE TYPE n AS ENUM ('x'); ALTER TABLE \"User\" ALTER name TYPE n USING name::n",
        LOSSY,
    ),
    Case(
        "enum to text",
        SHOP,
        'ALTER TABLE "User" ALTER "role" DROP DEFAULT, ALTER "role" TYPE text; DROP TYPE "Role"',
        EXACT,
    ),
    Case(
        "domain",
        "CREATE DOMAIN d AS int CHECK (VALUE > 0)",
        "ALTER DOMAIN d SET DEFAULT 3; ALTER DOMAIN d SET NOT NULL; "
        "ALTER DOMAIN d ADD CONSTRAINT small CHECK (VALUE < 9)",
        EXACT,
    ),
    Case(
        "domain dropped",
        "CREATE DOMAIN d AS varchar(9) DEFAULT 'x' NOT NULL CONSTRAINT c CHECK (VALUE <> '')",
        "DROP DOMAIN d",
        EXACT,
    ),
    Case(
        "composite and range",
        "CREATE TYPE c AS (a int, b text); CREATE TYPE r AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi)",
        "DROP TYPE c; DROP TYPE r; CREATE TYPE c2 AS (x int)",
        EXACT,
    ),
    Case(
        "composite member added",
        "CREATE TYPE c AS (a int); CREATE TABLE t (x c)",
        "ALTER TYPE c ADD ATTRIBUTE b text",
        EXACT,
    ),
    Case(
        "sequence",
        "CREATE SEQUENCE s",
        "ALTER SEQUENCE s INCREMENT 5 MAXVALUE 1000 CYCLE; ALTER SEQUENCE s RENAME TO q",
        EXACT,
    ),
    Case(
        "sequence dropped",
        "CREATE SEQUENCE s AS smallint START 5 INCREMENT -1 MAXVALUE 9 CACHE 3",
        "DROP SEQUENCE s",
        LOSSY,
    ),
)


CODE = (
    Case("view made", SHOP, 'CREATE VIEW v AS SELECT * FROM "User"', EXACT),
    Case("view replaced", VIEWS, 'CREATE OR REPLACE VIEW active AS SELECT id, email, "role", name FROM "User"', EXACT),
    Case("views dropped", VIEWS, "DROP VIEW active CASCADE; DROP MATERIALIZED VIEW counts", EXACT),
    Case("view options", VIEWS, "ALTER VIEW active SET (security_barrier)", EXACT),
    Case("function made", SHOP, "CREATE FUNCTION f(a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a'", EXACT),
    Case(
        "function replaced",
        VIEWS,
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title = ''; "
        "RETURN NEW; END $$",
        EXACT,
    ),
    Case("function with its trigger dropped", VIEWS, "DROP FUNCTION touch() CASCADE", EXACT),
    Case(
        "function in a default",
        SHOP,
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER TABLE \"User\" ALTER age SET DEFAULT f()",
        EXACT,
    ),
    Case(
        "function signature",
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
        "DROP FUNCTION f(int); CREATE FUNCTION f(a int, b int) RETURNS text LANGUAGE sql AS 'SELECT a::text'",
        EXACT,
    ),
    Case(
        "defaults of arguments",
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
        "CREATE OR REPLACE FUNCTION f(a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a'",
        EXACT,
    ),
    Case(
        "aggregate",
        "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')",
        "DROP AGGREGATE total(int)",
        EXACT,
    ),
    Case("trigger changed", VIEWS, 'ALTER TABLE "Post" DISABLE TRIGGER touched', EXACT),
    Case("trigger renamed", VIEWS, 'ALTER TRIGGER touched ON "Post" RENAME TO t', EXACT),
    Case(
        "trigger replaced",
        VIEWS,
        'DROP TRIGGER touched ON "Post"; '
        'CREATE TRIGGER touched AFTER INSERT ON "Post" FOR EACH ROW EXECUTE FUNCTION touch()',
        EXACT,
    ),
    Case("rule", SHOP, 'CREATE RULE r AS ON DELETE TO "Post" DO INSTEAD NOTHING', EXACT),
    Case(
        "DO block",
        SHOP,
        "DO $$ BEGIN EXECUTE 'ALTER TABLE \"Post\" RENAME title TO heading'; "
        "EXECUTE 'CREATE TABLE \"x y\" (id int)'; END $$",
        EXACT,
    ),
)
