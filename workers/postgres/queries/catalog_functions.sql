SELECT p.tableoid, p.oid, 0,
       CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       ARRAY[n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)]::text[], 0, 0, 0,
       hashtextextended((to_jsonb(p) - 'proacl' - 'proowner')::text COLLATE "C", 0)::text,
       pg_get_userbyid(p.proowner) AS owner,
       pg_get_function_arguments(p.oid) AS arguments,
       pg_get_function_result(p.oid) AS result,
       CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE
               'SFUNC = ' || a.aggtransfn::text || ', STYPE = ' || format_type(a.aggtranstype, NULL)
               || CASE WHEN a.aggfinalfn::oid <> 0 THEN ', FINALFUNC = ' || a.aggfinalfn::text ELSE '' END
               || CASE WHEN a.aggfinalextra THEN ', FINALFUNC_EXTRA' ELSE '' END
               || CASE WHEN a.aggcombinefn::oid <> 0 THEN ', COMBINEFUNC = ' || a.aggcombinefn::text ELSE '' END
               || coalesce(', INITCOND = ' || quote_literal(a.agginitval), '')
               || CASE WHEN a.aggsortop <> 0 THEN ', SORTOP = ' || a.aggsortop::regoperator::text ELSE '' END
               || CASE p.proparallel WHEN 's' THEN ', PARALLEL = SAFE' WHEN 'r' THEN ', PARALLEL = RESTRICTED' ELSE '' END
               || CASE WHEN a.aggkind <> 'n' THEN ', KIND = ' || a.aggkind::text ELSE '' END
               || CASE WHEN a.aggmtransfn::oid <> 0 THEN ', MSFUNC = ' || a.aggmtransfn::text ELSE '' END
           END AS definition
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
