SELECT c.tableoid, c.oid, 0, 'sequence', ARRAY[n.nspname, c.relname]::text[],
       coalesce(d.refclassid, 0), coalesce(d.refobjid, 0), coalesce(d.refobjsubid, 0),
       concat_ws('/', d.refobjid, d.refobjsubid),
       pg_get_userbyid(c.relowner) AS owner,
       c.relpersistence AS persistence,
       format_type(q.seqtypid, NULL) AS type,
       q.seqstart AS start,
       q.seqincrement AS increment,
       q.seqmin AS minimum,
       q.seqmax AS maximum,
       q.seqcache AS cache,
       q.seqcycle AS cycle,
       coalesce(d.deptype = 'i', false) AS identity,
       CASE WHEN a.attname IS NOT NULL
                            THEN quote_ident(tn.nspname) || '.' || quote_ident(t.relname) || '.' || quote_ident(a.attname)
                       END AS owned_by
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_sequence q ON q.seqrelid = c.oid
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
                     AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
LEFT JOIN pg_class t ON t.oid = d.refobjid
LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE c.relkind = 'S' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
