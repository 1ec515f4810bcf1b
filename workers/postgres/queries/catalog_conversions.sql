SELECT x.tableoid, x.oid, 0, 'conversion', ARRAY[n.nspname, x.conname]::text[], 0, 0, 0,
       concat_ws('/', x.conproc::oid, x.conforencoding, x.contoencoding),
       pg_get_userbyid(x.conowner) AS owner,
       x.condefault AS default,
       format('FOR %L TO %L FROM %s', pg_encoding_to_char(x.conforencoding), pg_encoding_to_char(x.contoencoding),
              x.conproc) AS definition
FROM pg_conversion x JOIN pg_namespace n ON n.oid = x.connamespace
WHERE x.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
