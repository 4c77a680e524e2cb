-- Made from notification_errors.kql by `python -m archive.translate`; do not edit.
WITH _s0 AS (SELECT * FROM "CredentialEvents_CL"),
     _s1 AS (SELECT * FROM _s0 WHERE (("TimeGenerated" > (CAST($now AS TIMESTAMP) - CAST($Window AS INTERVAL))) AND CASE WHEN typeof("EventType") = 'JSON' THEN coalesce((coalesce("EventType" ->> '$', '') = 'NotificationFailed'), FALSE) ELSE coalesce(("EventType" = 'NotificationFailed'), FALSE) END)),
     _s2 AS (SELECT "EventId" AS "EventId", max("TimeGenerated") AS "TimeGenerated", COALESCE(arg_max({'v': "Channel"}, "TimeGenerated"), any_value({'v': "Channel"}))['v'] AS "Channel", COALESCE(arg_max({'v': "ErrorCode"}, "TimeGenerated"), any_value({'v': "ErrorCode"}))['v'] AS "ErrorCode", COALESCE(arg_max({'v': "Reason"}, "TimeGenerated"), any_value({'v': "Reason"}))['v'] AS "Reason", COALESCE(arg_max({'v': "RecipientId"}, "TimeGenerated"), any_value({'v': "RecipientId"}))['v'] AS "RecipientId" FROM _s1 GROUP BY "EventId"),
     _s3 AS (SELECT "Channel" AS "Channel", "ErrorCode" AS "ErrorCode", count(*) AS "Failures", max("TimeGenerated") AS "LastSeen", any_value("Reason") AS "Example" FROM _s2 GROUP BY "Channel", "ErrorCode"),
     _s4 AS (SELECT * FROM _s3 ORDER BY "Failures" DESC NULLS LAST, "Channel" ASC NULLS FIRST, "ErrorCode" ASC NULLS FIRST)
SELECT * FROM _s4
