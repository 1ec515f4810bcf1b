-- What hangs on a table and acts on its rows: triggers, rules, policies.
SELECT t.tableoid, t.oid, 0, 'trigger', ARRAY[n.nspname, c.relname, t.tgname]::text[], c.tableoid, c.oid, 0,
       concat_ws('/', t.tgfoid, t.tgtype, t.tgattr, t.tgargs, hashtextextended(t.tgqual::text COLLATE "C", 0),
                 t.tgdeferrable, t.tginitdeferred, t.tgoldtable, t.tgnewtable, t.tgconstrrelid),
       t.tgenabled AS enabled,
       t.tgparentid <> 0 AS inherited,
       (SELECT k.conname FROM pg_constraint k WHERE k.oid = t.tgconstraint) AS constraint_name,
       pg_get_triggerdef(t.oid) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT r.tableoid, r.oid, 0, 'rule', ARRAY[n.nspname, c.relname, r.rulename]::text[], c.tableoid, c.oid, 0,
       concat_ws('/', hashtextextended(r.ev_action::text COLLATE "C", 0), hashtextextended(r.ev_qual::text COLLATE "C", 0)),
       r.ev_enabled, false, NULL,
       pg_get_ruledef(r.oid) AS definition
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT p.tableoid, p.oid, 0, 'policy', ARRAY[n.nspname, c.relname, p.polname]::text[], c.tableoid, c.oid, 0,
       concat_ws('/', p.polroles::text, p.polcmd, hashtextextended(p.polqual::text COLLATE "C", 0),
                 hashtextextended(p.polwithcheck::text COLLATE "C", 0)),
       NULL, false, NULL,
       CASE WHEN p.polpermissive THEN 'AS PERMISSIVE' ELSE 'AS RESTRICTIVE' END
           || ' FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                       WHEN 'd' THEN 'DELETE' ELSE 'ALL' END
           || ' TO ' || (SELECT string_agg(CASE o.role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o.role)) END,
                                           ', ' ORDER BY o.role) FROM unnest(p.polroles) o (role))
           || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
           || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '') AS definition
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
