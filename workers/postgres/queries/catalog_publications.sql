SELECT x.tableoid, x.oid, 0, 'publication', ARRAY[x.pubname]::text[], 0, 0, 0, '',
       pg_get_userbyid(x.pubowner) AS owner,
       x.puballtables AS all_tables,
       concat_ws(', ', CASE WHEN x.pubinsert THEN 'insert' END, CASE WHEN x.pubupdate THEN 'update' END,
                 CASE WHEN x.pubdelete THEN 'delete' END, CASE WHEN x.pubtruncate THEN 'truncate' END) AS publish,
       x.pubviaroot AS via_root,
       CASE to_jsonb(x) ->> 'pubgencols' WHEN 's' THEN 'stored' WHEN 'n' THEN 'none' END AS generated_columns
FROM pg_publication x
WHERE x.oid >= 16384
