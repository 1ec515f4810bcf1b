-- The types of some tables' columns, and the types these are made of. Parameter: oids oid[].
WITH RECURSIVE used (oid) AS (
    SELECT a.atttypid FROM pg_attribute a
    WHERE a.attrelid = ANY (%(oids)s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT part.oid
    FROM used
    JOIN pg_type t ON t.oid = used.oid
    CROSS JOIN LATERAL (
        SELECT t.typbasetype UNION ALL SELECT t.typelem
        UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
        UNION ALL SELECT a.atttypid FROM pg_attribute a
            WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS part (oid)
    WHERE part.oid <> 0
)
SELECT t.oid, t.typname, format_type(t.oid, NULL) AS sql, n.nspname = 'pg_catalog' AS built_in,
    t.typnotnull, t.typtype::text, t.typcategory = 'A' AND t.typelem <> 0 AND t.typtype = 'b' AS is_array,
    t.typbasetype, t.typtypmod, t.typelem, e.typdelim::text,
    (SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)) AS subtype,
    ARRAY(SELECT l.enumlabel::text FROM pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder) AS labels,
    ARRAY(
        SELECT a.atttypid FROM pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ) AS attributes,
    ARRAY(
        SELECT a.atttypmod FROM pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ) AS attribute_modifiers,
    ARRAY(SELECT k.conname::text FROM pg_constraint k WHERE k.contypid = t.oid ORDER BY k.conname) AS check_names,
    ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.contypid = t.oid ORDER BY k.conname) AS checks
FROM used
JOIN pg_type t ON t.oid = used.oid
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type e ON e.oid = t.typelem
