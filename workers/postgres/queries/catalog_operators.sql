-- Without the shells that stand for a partner that is not made yet.
SELECT x.tableoid, x.oid, 0, 'operator',
       ARRAY[n.nspname, x.oprname, regexp_replace(i.identity, '^[^(]*', '')]::text[], 0, 0, 0,
       concat_ws('/', x.oprcode::oid, x.oprrest::oid, x.oprjoin::oid, x.oprcom, x.oprnegate),
       pg_get_userbyid(x.oprowner) AS owner,
       CASE WHEN x.oprleft <> 0 THEN format_type(x.oprleft, NULL) END AS left,
       CASE WHEN x.oprright <> 0 THEN format_type(x.oprright, NULL) END AS right,
       x.oprcode::text AS function,
       nullif(x.oprrest::oid, 0)::regproc::text AS restrict,
       nullif(x.oprjoin::oid, 0)::regproc::text AS join,
       x.oprcanhash AS hashes,
       x.oprcanmerge AS merges,
       quote_ident(cn.nspname) || '.' || c.oprname AS commutator,
       quote_ident(gn.nspname) || '.' || g.oprname AS negator
FROM pg_operator x
JOIN pg_namespace n ON n.oid = x.oprnamespace
LEFT JOIN pg_operator c ON c.oid = x.oprcom
LEFT JOIN pg_namespace cn ON cn.oid = c.oprnamespace
LEFT JOIN pg_operator g ON g.oid = x.oprnegate
LEFT JOIN pg_namespace gn ON gn.oid = g.oprnamespace
CROSS JOIN LATERAL pg_identify_object(x.tableoid, x.oid, 0) i
WHERE x.oid >= 16384 AND x.oprcode <> 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
