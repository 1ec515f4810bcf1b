-- Kinds that are seen, so that a difference is noticed, but that nobody except a superuser may make or change. Options of
-- foreign servers may be secrets: only their names are shown, and a hash of all that tells that one has changed.
SELECT o.catalog, o.oid, 0, 'other', ARRAY[i.type, i.identity]::text[], 0, 0, 0, o.raw,
       o.definition
FROM (
    SELECT x.tableoid AS catalog, x.oid, to_jsonb(x)::text AS raw, NULL AS definition FROM pg_opclass x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_opfamily x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_ts_parser x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_ts_template x
    UNION ALL SELECT x.tableoid, x.oid, (to_jsonb(x) - 'fdwoptions')::text,
                     (SELECT string_agg(split_part(o, '=', 1), ', ' ORDER BY o) FROM unnest(x.fdwoptions) o)
                         || ' #' || hashtextextended(x.fdwoptions::text COLLATE "C", 0) FROM pg_foreign_data_wrapper x
    UNION ALL SELECT x.tableoid, x.oid, (to_jsonb(x) - 'srvoptions')::text,
                     (SELECT string_agg(split_part(o, '=', 1), ', ' ORDER BY o) FROM unnest(x.srvoptions) o)
                         || ' #' || hashtextextended(x.srvoptions::text COLLATE "C", 0) FROM pg_foreign_server x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, x.lanname FROM pg_language x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_am x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_transform x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, concat_ws(' ', x.evtevent, x.evtenabled) FROM pg_event_trigger x
) o
CROSS JOIN LATERAL pg_identify_object(o.catalog, o.oid, 0) i
WHERE o.oid >= 16384
