-- The OIDs of what is there, how many comments and dependencies, and a word that changes with anything else: the roles'
-- names, and the catalogs of which a change is rare enough to read all again.
SELECT ARRAY(SELECT oid FROM pg_class WHERE oid >= 16384 UNION ALL SELECT oid FROM pg_type WHERE oid >= 16384
             UNION ALL SELECT oid FROM pg_proc WHERE oid >= 16384 UNION ALL SELECT oid FROM pg_attrdef
             UNION ALL SELECT oid FROM pg_constraint WHERE oid >= 16384 UNION ALL SELECT oid FROM pg_trigger
             UNION ALL SELECT oid FROM pg_rewrite WHERE oid >= 16384 UNION ALL SELECT oid FROM pg_policy),
       pg_snapshot_xmin(pg_current_snapshot())::text,
       (SELECT count(*) FROM (${comments}) q),
       (SELECT count(*) FROM (${dependencies}) q),
       concat_ws('|', (SELECT string_agg(rolname, ',' ORDER BY oid) FROM pg_roles WHERE oid >= 16384), ${others})
