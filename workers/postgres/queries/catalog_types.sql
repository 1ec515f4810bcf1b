SELECT t.tableoid, t.oid, 0,
       CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type' ELSE 'range type' END,
       ARRAY[n.nspname, t.typname]::text[], 0, 0, 0,
       concat_ws('/', t.typbasetype, t.typtypmod, m.raw, r.rngsubtype,
                 (SELECT string_agg(e.oid::text, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)),
       pg_get_userbyid(t.typowner) AS owner,
       CASE WHEN t.typtype = 'e' THEN (
               SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) END AS labels,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
       CASE WHEN t.typtype = 'd' AND t.typcollation NOT IN (0, b.typcollation) THEN (
               SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
               FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
               WHERE co.oid = t.typcollation) END AS collation,
       CASE WHEN t.typtype = 'd' THEN t.typdefault END AS default,
       t.typnotnull AS not_null,
       ${domain_not_null} AS not_null_constraint,
       m.list AS members,
       m.comments AS member_comments,
       CASE WHEN r.rngtypid IS NOT NULL THEN 'SUBTYPE = ' || format_type(r.rngsubtype, NULL) || ${multirange_name}
               || coalesce(', SUBTYPE_OPCLASS = ' || (
                   SELECT quote_ident(on_.nspname) || '.' || quote_ident(oc.opcname)
                   FROM pg_opclass oc JOIN pg_namespace on_ ON on_.oid = oc.opcnamespace
                   WHERE oc.oid = r.rngsubopc AND NOT oc.opcdefault), '')
               || coalesce(', COLLATION = ' || (
                   SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                   FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                   JOIN pg_type st ON st.oid = r.rngsubtype
                   WHERE co.oid = r.rngcollation AND co.oid <> st.typcollation), '')
               || CASE WHEN r.rngsubdiff::oid <> 0 THEN ', SUBTYPE_DIFF = ' || r.rngsubdiff::text ELSE '' END
               || CASE WHEN r.rngcanonical::oid <> 0 THEN ', CANONICAL = ' || r.rngcanonical::text ELSE '' END
           END AS definition
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_class c ON c.oid = t.typrelid
LEFT JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_range r ON r.rngtypid = t.oid
LEFT JOIN LATERAL (
    SELECT array_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                     || coalesce(' COLLATE ' || (
                         SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                         FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                         JOIN pg_type at ON at.oid = a.atttypid
                         WHERE co.oid = a.attcollation AND co.oid <> at.typcollation), '')
                     ORDER BY a.attnum) AS list,
           array_agg(quote_ident(a.attname) || ' ' || quote_literal(d.description) ORDER BY a.attnum)
               FILTER (WHERE d.description IS NOT NULL) AS comments,
           jsonb_agg(jsonb_build_array(a.attnum, a.attname, concat_ws(' ', a.atttypid, a.atttypmod, a.attcollation))
                     ORDER BY a.attnum)::text AS raw
    FROM pg_attribute a
    LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = a.attrelid AND d.objsubid = a.attnum
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
) m ON t.typtype = 'c'
WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
