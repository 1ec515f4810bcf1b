-- Tables in publications. Schemas in publications are nobody's to add but a superuser's.
SELECT x.tableoid, x.oid, 0, 'publication relation', ARRAY[n.nspname, c.relname, p.pubname]::text[], c.tableoid, c.oid, 0,
       ${published_raw},
       ${published_columns} AS columns,
       ${published_condition} AS condition
FROM pg_publication_rel x
JOIN pg_publication p ON p.oid = x.prpubid
JOIN pg_class c ON c.oid = x.prrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
