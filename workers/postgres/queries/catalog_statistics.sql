SELECT x.tableoid, x.oid, 0, 'statistics', ARRAY[n.nspname, x.stxname]::text[], 0, 0, 0,
       concat_ws('/', x.stxrelid, x.stxkeys, x.stxkind::text,
                 hashtextextended(to_jsonb(x) ->> 'stxexprs' COLLATE "C", 0)),
       pg_get_userbyid(x.stxowner) AS owner,
       pg_get_statisticsobjdef(x.oid) AS definition,
       nullif(x.stxstattarget, -1)::integer AS target
FROM pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace
WHERE x.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
