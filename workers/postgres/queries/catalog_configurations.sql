-- Text search configurations, a line of `mappings` for each type of token.
SELECT x.tableoid, x.oid, 0, 'text search configuration', ARRAY[n.nspname, x.cfgname]::text[], 0, 0, 0,
       concat_ws('/', x.cfgparser, m.raw),
       pg_get_userbyid(x.cfgowner) AS owner,
       quote_ident(pn.nspname) || '.' || quote_ident(p.prsname) AS parser,
       m.list AS mappings
FROM pg_ts_config x
JOIN pg_namespace n ON n.oid = x.cfgnamespace
JOIN pg_ts_parser p ON p.oid = x.cfgparser
JOIN pg_namespace pn ON pn.oid = p.prsnamespace
CROSS JOIN LATERAL (
    SELECT array_agg(l.line ORDER BY l.line), string_agg(l.raw, '/' ORDER BY l.token)
    FROM (SELECT w.maptokentype,
                 quote_ident(t.alias) || ' WITH '
                     || string_agg(quote_ident(dn.nspname) || '.' || quote_ident(d.dictname), ', ' ORDER BY w.mapseqno),
                 w.maptokentype || ' ' || string_agg(w.mapdict::text, ',' ORDER BY w.mapseqno)
          FROM pg_ts_config_map w
          JOIN ts_token_type(x.cfgparser) t ON t.tokid = w.maptokentype
          JOIN pg_ts_dict d ON d.oid = w.mapdict
          JOIN pg_namespace dn ON dn.oid = d.dictnamespace
          WHERE w.mapcfg = x.oid
          GROUP BY w.maptokentype, t.alias) l (token, line, raw)) m (list, raw)
WHERE x.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
