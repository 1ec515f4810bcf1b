SELECT x.tableoid, x.oid, 0, 'cast', ARRAY[i.identity]::text[], 0, 0, 0, concat_ws('/', x.castfunc, x.castmethod, x.castcontext),
       CASE x.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || x.castfunc::regprocedure WHEN 'i' THEN 'WITH INOUT'
                         ELSE 'WITHOUT FUNCTION' END
           || CASE x.castcontext WHEN 'i' THEN ' AS IMPLICIT' WHEN 'a' THEN ' AS ASSIGNMENT' ELSE '' END AS definition
FROM pg_cast x
CROSS JOIN LATERAL pg_identify_object(x.tableoid, x.oid, 0) i
WHERE x.oid >= 16384
