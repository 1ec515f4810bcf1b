SELECT x.tableoid, x.oid, 0, 'text search dictionary', ARRAY[n.nspname, x.dictname]::text[], 0, 0, 0, x.dicttemplate::text,
       pg_get_userbyid(x.dictowner) AS owner,
       quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname) AS template,
       x.dictinitoption AS options
FROM pg_ts_dict x
JOIN pg_namespace n ON n.oid = x.dictnamespace
JOIN pg_ts_template t ON t.oid = x.dicttemplate
JOIN pg_namespace tn ON tn.oid = t.tmplnamespace
WHERE x.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
