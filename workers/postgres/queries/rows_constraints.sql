-- What some tables demand of their rows: CHECK (c), FOREIGN KEY (f), exclusion (x) and unique index (u).
-- Parameter: oids oid[]. `plain` is false for a unique index that is partial or holds an expression, whose columns then
-- come from its dependencies. A foreign key to a partitioned table has one more entry for each partition: left out.
-- conenforced exists since PostgreSQL 18 (https://www.postgresql.org/docs/18/catalog-pg-constraint.html).
SELECT k.conrelid, k.contype::text, k.conname,
    ARRAY(
        SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum ORDER BY u.place
    ) AS columns,
    k.confrelid AS parent,
    ARRAY(
        SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum ORDER BY u.place
    ) AS parent_columns,
    COALESCE(pg_get_expr(k.conbin, k.conrelid), '') AS condition,
    true AS plain
FROM pg_constraint k
LEFT JOIN pg_constraint above ON above.oid = k.conparentid
WHERE k.conrelid = ANY (%(oids)s::oid[]) AND k.contype IN ('c', 'f', 'x')
    AND above.conrelid IS DISTINCT FROM k.conrelid
    AND COALESCE((to_jsonb(k) ->> 'conenforced')::boolean, true)
UNION ALL
SELECT i.indrelid, 'u', x.relname,
    ARRAY(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (
            a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
            OR i.indexprs IS NOT NULL AND EXISTS (
                SELECT FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum
            )
        )
        ORDER BY array_position(i.indkey::int2[], a.attnum), a.attnum
    ),
    0::oid, ARRAY[]::text[], '', i.indexprs IS NULL AND i.indpred IS NULL
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid = ANY (%(oids)s::oid[]) AND i.indisunique
ORDER BY 1, 2, 3
