"""Tables, schemas and rows."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, LOSSY, PARTS, SHOP, VIEWS, Case

TABLES = (
    Case("nothing", SHOP, "SELECT 1", EXACT),
    Case("table made", SHOP, 'CREATE TABLE "Tag" (id serial PRIMARY KEY, name text UNIQUE)', EXACT),
    Case(
        "tables that refer to each other made",
        SHOP,
        """CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; CREATE TABLE c (a int REFERENCES a, b int REFERENCES b);""",
        EXACT,
    ),
    Case(
        "implicit many-to-many",
        SHOP,
        """CREATE TABLE "_PostToUser" ("A" bigint NOT NULL, "B" integer NOT NULL);
        CREATE UNIQUE INDEX "_PostToUser_AB_unique" ON "_PostToUser"("A", "B");
        CREATE INDEX "_PostToUser_B_index" ON "_PostToUser"("B");
        ALTER TABLE "_PostToUser" ADD CONSTRAINT "_PostToUser_A_fkey" FOREIGN KEY ("A") REFERENCES "Post"("id")
            ON DELETE CASCADE ON UPDATE CASCADE;
        ALTER TABLE "_PostToUser" ADD CONSTRAINT "_PostToUser_B_fkey" FOREIGN KEY ("B") REFERENCES "User"("id")
            ON DELETE CASCADE ON UPDATE CASCADE;""",
        EXACT,
    ),
    Case("table dropped", SHOP, 'DROP TABLE "Post"', LOSSY),
    Case("table dropped under a view", VIEWS, 'DROP TABLE "Post" CASCADE', LOSSY),
    Case("dropped table that others refer to", SHOP, 'DELETE FROM "Post"; DROP TABLE "User" CASCADE', LOSSY),
    Case("table renamed", VIEWS, 'ALTER TABLE "User" RENAME TO "Person"', EXACT),
    Case(
        "renamed and another made in its place",
        SHOP,
        'ALTER TABLE "User" RENAME TO old; CREATE TABLE "User" (id uuid PRIMARY KEY)',
        EXACT,
    ),
    Case(
        "two tables swap names",
        SHOP,
        'ALTER TABLE "User" RENAME TO t; ALTER TABLE "Post" RENAME TO "User"; ALTER TABLE t RENAME TO "Post"',
        EXACT,
    ),
    Case("dropped and made again", SHOP, 'DROP TABLE "Post"; CREATE TABLE "Post" (id int)', LOSSY),
    Case("moved to a new schema", VIEWS, 'CREATE SCHEMA shop; ALTER TABLE "User" SET SCHEMA shop', EXACT),
    Case(
        "schema dropped after the table left",
        'CREATE SCHEMA "Old"; CREATE TABLE "Old".t (id serial); INSERT INTO "Old".t DEFAULT VALUES',
        'ALTER TABLE "Old".t SET SCHEMA public; DROP SCHEMA "Old"',
        EXACT,
    ),
    Case(
        "schema renamed",
        "CREATE SCHEMA a; CREATE TABLE a.t (id serial PRIMARY KEY)",
        "ALTER SCHEMA a RENAME TO b",
        EXACT,
    ),
    Case("schema dropped", "CREATE SCHEMA a; CREATE TABLE a.t (id serial)", "DROP SCHEMA a CASCADE", LOSSY),
    Case("unlogged", SHOP, 'ALTER TABLE "Post" SET UNLOGGED', EXACT),
    Case("storage parameters", SHOP, 'ALTER TABLE "Post" SET (fillfactor = 70)', EXACT),
    Case("replica identity", SHOP, 'ALTER TABLE "Post" REPLICA IDENTITY FULL', EXACT),
    Case(
        "row security",
        SHOP,
        'ALTER TABLE "Post" ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON "Post" USING (id > 1)',
        EXACT,
    ),
    Case(
        "row security off",
        SHOP + 'ALTER TABLE "Post" ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON "Post" USING (id > 1);',
        'DROP POLICY p ON "Post"; ALTER TABLE "Post" DISABLE ROW LEVEL SECURITY',
        EXACT,
    ),
    Case("comments", SHOP, 'COMMENT ON TABLE "Post" IS NULL; COMMENT ON COLUMN "User".name IS \'n\'', EXACT),
    Case(
        "grants",
        SHOP + 'GRANT SELECT ON "User" TO PUBLIC;',
        'GRANT INSERT ON "Post" TO PUBLIC; REVOKE SELECT ON "User" FROM PUBLIC',
        EXACT,
    ),
    Case(
        "partition made",
        PARTS,
        "CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        EXACT,
    ),
    Case("partition detached", PARTS, "ALTER TABLE events DETACH PARTITION events_2024", EXACT),
    Case("partition dropped", PARTS, "DROP TABLE events_2024", LOSSY),
    Case("partitioned table made", "SELECT 1", PARTS, EXACT),
    Case("partitioned table dropped", PARTS, "DROP TABLE events", LOSSY),
    Case("inheriting table made", SHOP, 'CREATE TABLE child (more text) INHERITS ("User")', EXACT),
)


ROWS = (
    Case("rows inserted", SHOP, "INSERT INTO \"User\" (email) VALUES ('new')", LOSSY),
    Case("rows updated", SHOP, 'UPDATE "User" SET name = upper(name)', LOSSY),
    Case("rows deleted", SHOP, 'DELETE FROM "Post"', LOSSY),
    Case("truncated", SHOP, 'TRUNCATE "Post"', LOSSY),
)
