-- Kinds that are seen, so that a difference is noticed, but whose definition the server does not print.
SELECT o.catalog, o.oid, 0, 'other', ARRAY[i.type, i.identity]::text[], 0, 0, 0, o.raw,
       o.definition
FROM (
    SELECT x.tableoid AS catalog, x.oid, '' AS raw, pg_get_statisticsobjdef(x.oid) AS definition FROM pg_statistic_ext x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, x.collcollate FROM pg_collation x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, x.oprcode::text FROM pg_operator x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_opclass x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_opfamily x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, x.castfunc::regprocedure::text FROM pg_cast x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_conversion x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_ts_config x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, x.dictinitoption FROM pg_ts_dict x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_ts_parser x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_ts_template x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, x.fdwoptions::text FROM pg_foreign_data_wrapper x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, x.srvoptions::text FROM pg_foreign_server x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, x.lanname FROM pg_language x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_am x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, NULL FROM pg_transform x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, concat_ws(' ', x.evtevent, x.evtenabled) FROM pg_event_trigger x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text,
                     (to_jsonb(x) - 'oid' - 'pubowner')::text FROM pg_publication x
    UNION ALL SELECT x.tableoid, x.oid, '', NULL FROM pg_publication_rel x
    UNION ALL SELECT x.tableoid, x.oid, to_jsonb(x)::text, x.defaclacl::text FROM pg_default_acl x
) o
CROSS JOIN LATERAL pg_identify_object(o.catalog, o.oid, 0) i
WHERE o.oid >= 16384
