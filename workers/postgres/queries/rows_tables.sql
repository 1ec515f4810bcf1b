-- The tables to fill and the parents that their rows need: every parent of a listed table, and of those the ones that a
-- NOT NULL column points at. A foreign key to a partitioned table has one more entry for each partition: left out.
-- `partitioned_by` and `bounds` belong to the whole tree that a partition or a partitioned table is in. Parameters: schemas text[], names text[].
WITH RECURSIVE listed AS (
    SELECT DISTINCT c.oid
    FROM unnest(%(schemas)s::text[], %(names)s::text[]) AS l (nspname, relname)
    JOIN pg_namespace n ON n.nspname = l.nspname
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = l.relname
), needed (oid, listed) AS (
    SELECT oid, true FROM listed
    UNION
    SELECT f.confrelid, false
    FROM needed
    JOIN pg_constraint f ON f.conrelid = needed.oid AND f.contype = 'f' AND f.confrelid <> f.conrelid
    LEFT JOIN pg_constraint above ON above.oid = f.conparentid
    WHERE above.conrelid IS DISTINCT FROM f.conrelid AND (
        needed.listed OR EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey) AND a.attnotnull
        )
    )
), tree (oid, member) AS (
    SELECT c.oid, t.relid FROM pg_class c CROSS JOIN LATERAL pg_partition_tree(c.oid) AS t
    WHERE c.oid IN (SELECT oid FROM needed) AND (c.relkind = 'p' OR c.relispartition)
    UNION
    SELECT c.oid, a.oid FROM pg_class c CROSS JOIN LATERAL pg_partition_ancestors(c.oid) AS a (oid)
    WHERE c.oid IN (SELECT oid FROM needed) AND c.relispartition
)
SELECT c.oid, n.nspname, c.relname, c.relkind::text, bool_or(needed.listed), c.relforcerowsecurity,
    ARRAY(
        SELECT DISTINCT own.attname::text
        FROM tree JOIN pg_partitioned_table t ON t.partrelid = tree.member
        JOIN pg_attribute a ON a.attrelid = t.partrelid AND a.attnum = ANY (t.partattrs) AND a.attnum > 0
        JOIN pg_attribute own ON own.attrelid = c.oid AND own.attname = a.attname
        WHERE tree.oid = c.oid ORDER BY 1
    ) AS partitioned_by,
    ARRAY(
        SELECT pg_get_expr(b.relpartbound, b.oid)
        FROM tree JOIN pg_class b ON b.oid = tree.member AND b.relispartition
        WHERE tree.oid = c.oid ORDER BY b.oid
    ) AS bounds
FROM needed
JOIN pg_class c ON c.oid = needed.oid
JOIN pg_namespace n ON n.oid = c.relnamespace
GROUP BY c.oid, n.nspname, c.relname, c.relkind, c.relforcerowsecurity
ORDER BY c.oid
