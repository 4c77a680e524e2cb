-- Made from scan_errors.kql by `python -m archive.translate`; do not edit.
WITH _s0 AS (SELECT * FROM "CredentialEvents_CL"),
     _s1 AS (SELECT * FROM _s0 WHERE (("TimeGenerated" > (CAST($now AS TIMESTAMP) - CAST($Window AS INTERVAL))) AND CASE WHEN typeof("EventType") = 'JSON' THEN coalesce((coalesce("EventType" ->> '$', '') = 'ScanError'), FALSE) ELSE coalesce(("EventType" = 'ScanError'), FALSE) END)),
     _s2 AS (SELECT "EventId" AS "EventId", max("TimeGenerated") AS "TimeGenerated", COALESCE(arg_max({'v': "RunId"}, "TimeGenerated"), any_value({'v': "RunId"}))['v'] AS "RunId", COALESCE(arg_max({'v': "ErrorCode"}, "TimeGenerated"), any_value({'v': "ErrorCode"}))['v'] AS "ErrorCode", COALESCE(arg_max({'v': "Reason"}, "TimeGenerated"), any_value({'v': "Reason"}))['v'] AS "Reason" FROM _s1 GROUP BY "EventId"),
     _s3 AS (SELECT "ErrorCode" AS "ErrorCode", count(*) AS "Errors", count(DISTINCT "RunId") AS "Runs", max("TimeGenerated") AS "LastSeen", any_value("Reason") AS "Example" FROM _s2 GROUP BY "ErrorCode"),
     _s4 AS (SELECT * FROM _s3 ORDER BY "Errors" DESC NULLS LAST, "ErrorCode" ASC NULLS FIRST)
SELECT * FROM _s4
