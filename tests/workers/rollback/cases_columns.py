"""Columns."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, LOSSY, SHOP, VIEWS, Case

COLUMNS = (
    Case("column added", SHOP, 'ALTER TABLE "Post" ADD COLUMN "select" text NOT NULL DEFAULT \'x\'', EXACT),
    Case("column dropped", SHOP, 'ALTER TABLE "User" DROP COLUMN name', LOSSY),
    Case("required column dropped", SHOP, 'ALTER TABLE "Post" DROP COLUMN title', LOSSY),
    Case("unique column dropped", SHOP, 'ALTER TABLE "User" DROP COLUMN email', LOSSY),
    Case("referring column dropped", SHOP, 'ALTER TABLE "Post" DROP COLUMN "authorId"', LOSSY),
    Case("serial key dropped", SHOP, 'ALTER TABLE "User" DROP COLUMN id CASCADE', LOSSY),
    Case("identity key dropped", SHOP, 'ALTER TABLE "Post" DROP COLUMN id', LOSSY),
    Case("enum column dropped", SHOP, 'ALTER TABLE "User" DROP COLUMN "role"', LOSSY),
    Case("column under a view dropped", VIEWS, 'ALTER TABLE "User" DROP COLUMN email CASCADE', LOSSY),
    Case(
        "dropped and added",
        SHOP,
        "ALTER TABLE \"User\" DROP COLUMN age, ADD COLUMN age text NOT NULL DEFAULT ''",
        LOSSY,
    ),
    Case("dropped and added alike", SHOP, 'ALTER TABLE "User" DROP COLUMN name, ADD COLUMN name text', LOSSY),
    Case("renamed", VIEWS, 'ALTER TABLE "User" RENAME COLUMN email TO "eMail"', EXACT),
    Case(
        "two columns swap names",
        SHOP,
        'ALTER TABLE "User" RENAME name TO t; ALTER TABLE "User" RENAME age TO name; '
        'ALTER TABLE "User" RENAME t TO age',
        EXACT,
    ),
    Case(
        "default set",
        SHOP,
        'ALTER TABLE "Post" ALTER "order" SET DEFAULT 5; ALTER TABLE "User" ALTER age SET DEFAULT 2',
        EXACT,
    ),
    Case("default dropped", SHOP, 'ALTER TABLE "User" ALTER "role" DROP DEFAULT', EXACT),
    Case(
        "serial default dropped", SHOP, 'ALTER TABLE "User" ALTER id DROP DEFAULT; DROP SEQUENCE "User_id_seq"', LOSSY
    ),
    Case(
        "serial added",
        SHOP,
        'CREATE SEQUENCE s; ALTER TABLE "Post" ALTER "order" SET DEFAULT nextval(\'s\'); '
        'ALTER SEQUENCE s OWNED BY "Post"."order"',
        EXACT,
    ),
    Case(
        "required",
        SHOP,
        'UPDATE "User" SET age = 0 WHERE age IS NULL; ALTER TABLE "User" ALTER age SET NOT NULL',
        LOSSY,
    ),
    Case("not required", SHOP, 'ALTER TABLE "Post" ALTER title DROP NOT NULL', EXACT),
    Case("widened", SHOP, 'ALTER TABLE "User" ALTER email TYPE varchar(80)', EXACT),
    Case("to text", SHOP, 'ALTER TABLE "User" ALTER COLUMN email SET DATA TYPE TEXT', EXACT),
    Case("narrowed", SHOP, 'ALTER TABLE "User" ALTER email TYPE varchar(10)', LOSSY),
    Case(
        "to bigint",
        SHOP,
        'ALTER TABLE "User" ALTER id TYPE bigint; ALTER TABLE "Post" ALTER "authorId" TYPE bigint',
        EXACT,
    ),
    Case(
        "integer to text",
        SHOP,
        'ALTER TABLE "Post" ALTER "order" DROP NOT NULL; '
        'ALTER TABLE "Post" DROP CONSTRAINT positive; ALTER TABLE "Post" ALTER "order" TYPE text',
        EXACT,
    ),
    Case(
        "key and reference to text",
        SHOP,
        'ALTER TABLE "Post" DROP CONSTRAINT "Post_authorId_fkey"; '
        'ALTER TABLE "User" ALTER id DROP DEFAULT, ALTER id TYPE text; '
        'ALTER TABLE "Post" ALTER "authorId" TYPE text; '
        'ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" '
        'FOREIGN KEY ("authorId") REFERENCES "User" (id) ON DELETE CASCADE; '
        'DROP SEQUENCE "User_id_seq"',
        LOSSY,
    ),
    Case(
        "with its default",
        SHOP,
        "ALTER TABLE \"User\" ALTER age DROP DEFAULT, ALTER age TYPE text, ALTER age SET DEFAULT '1'",
        EXACT,
    ),
    Case("zone added", SHOP, 'ALTER TABLE "User" ALTER "createdAt" TYPE timestamptz', LOSSY),
    Case(
        "under a view",
        SHOP + 'CREATE VIEW v AS SELECT age FROM "User";',
        'DROP VIEW v; ALTER TABLE "User" ALTER age TYPE bigint; CREATE VIEW v AS SELECT age FROM "User"',
        EXACT,
    ),
    Case(
        "identity added",
        "CREATE TABLE t (a int NOT NULL)",
        "ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY (START WITH 10)",
        EXACT,
    ),
    Case("identity dropped", SHOP, 'ALTER TABLE "Post" ALTER id DROP IDENTITY', LOSSY),
    Case("identity always", SHOP, 'ALTER TABLE "Post" ALTER id SET GENERATED ALWAYS', EXACT),
    Case("generated added", SHOP, 'ALTER TABLE "User" ADD double integer GENERATED ALWAYS AS (age * 2) STORED', EXACT),
    Case(
        "generated dropped",
        SHOP + 'ALTER TABLE "User" ADD double integer GENERATED ALWAYS AS (age * 2) STORED;',
        'ALTER TABLE "User" DROP double',
        EXACT,
    ),
    Case(
        "expression dropped",
        SHOP + 'ALTER TABLE "User" ADD double integer GENERATED ALWAYS AS (age * 2) STORED;',
        'ALTER TABLE "User" ALTER double DROP EXPRESSION',
        EXACT,
    ),
    Case(
        "storage",
        SHOP,
        'ALTER TABLE "Post" ALTER title SET STORAGE EXTERNAL, ALTER title SET STATISTICS 500, '
        "ALTER title SET (n_distinct = 5)",
        EXACT,
    ),
    Case(
        "named not null",
        "CREATE TABLE t (a int CONSTRAINT mine NOT NULL)",
        "ALTER TABLE t ALTER a DROP NOT NULL",
        EXACT,
        since=18,
    ),
    Case(
        "not null renamed",
        "CREATE TABLE t (a int NOT NULL)",
        "ALTER TABLE t RENAME CONSTRAINT t_a_not_null TO other",
        EXACT,
        since=18,
    ),
)
