-- https://www.postgresql.org/docs/current/catalog-pg-collation.html: the column of the locale has had three names.
SELECT x.tableoid, x.oid, 0, 'collation', ARRAY[n.nspname, x.collname]::text[], 0, 0, 0, d.text,
       pg_get_userbyid(x.collowner) AS owner,
       d.text AS definition
FROM pg_collation x
JOIN pg_namespace n ON n.oid = x.collnamespace
CROSS JOIN LATERAL to_jsonb(x) j (row)
CROSS JOIN LATERAL (
    SELECT CASE x.collprovider
               WHEN 'c' THEN format('provider = libc, lc_collate = %L, lc_ctype = %L', x.collcollate, x.collctype)
               ELSE format('provider = %s, locale = %L', CASE x.collprovider WHEN 'i' THEN 'icu' ELSE 'builtin' END,
                           coalesce(j.row ->> 'colllocale', j.row ->> 'colliculocale', x.collcollate))
           END || CASE WHEN x.collisdeterministic THEN '' ELSE ', deterministic = false' END
               || coalesce(', rules = ' || quote_literal(j.row ->> 'collicurules'), '')) d (text)
WHERE x.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
