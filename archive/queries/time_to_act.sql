-- Made from time_to_act.kql by `python -m archive.translate`; do not edit.
WITH "_l0_Raised" AS (WITH _s0 AS (SELECT * FROM "CredentialEvents_CL"),
     _s1 AS (SELECT * FROM _s0 WHERE (("TimeGenerated" > (CAST($now AS TIMESTAMP) - CAST($Window AS INTERVAL))) AND CASE WHEN typeof("EventType") = 'JSON' THEN coalesce((coalesce("EventType" ->> '$', '') = 'AlertRaised'), FALSE) ELSE coalesce(("EventType" = 'AlertRaised'), FALSE) END)),
     _s2 AS (SELECT "AlertId" AS "AlertId", min("TimeGenerated") AS "TimeGenerated", COALESCE(arg_min({'v': "EscalationPath"}, "TimeGenerated"), any_value({'v': "EscalationPath"}))['v'] AS "EscalationPath" FROM _s1 GROUP BY "AlertId"),
     _s3 AS (SELECT "AlertId" AS "AlertId", "EscalationPath" AS "EscalationPath", "TimeGenerated" AS "RaisedAt" FROM _s2)
SELECT * FROM _s3),
     "_l1_Acts" AS (WITH _s0 AS (SELECT * FROM "CredentialEvents_CL"),
     _s1 AS (SELECT * FROM _s0 WHERE ("TimeGenerated" > (CAST($now AS TIMESTAMP) - CAST($Window AS INTERVAL)))),
     _s2 AS (SELECT * FROM _s1 WHERE CASE WHEN typeof("EventType") = 'JSON' THEN coalesce((coalesce("EventType" ->> '$', '') IN ('Acknowledged', 'Snoozed', 'OwnerNominated', 'NotMine', 'Retired', 'MarkedAutomatic', 'CredentialRenewed')), FALSE) ELSE coalesce(("EventType" IN ('Acknowledged', 'Snoozed', 'OwnerNominated', 'NotMine', 'Retired', 'MarkedAutomatic', 'CredentialRenewed')), FALSE) END),
     _s3 AS (SELECT "AlertId" AS "AlertId", min("TimeGenerated") AS "ActedAt" FROM _s2 GROUP BY "AlertId")
SELECT * FROM _s3),
     _s0 AS (SELECT * FROM "_l0_Raised"),
     _s1 AS (SELECT _l."AlertId" AS "AlertId", _l."EscalationPath" AS "EscalationPath", _l."RaisedAt" AS "RaisedAt", _r."AlertId" AS "AlertId1", _r."ActedAt" AS "ActedAt" FROM _s0 AS _l LEFT JOIN (SELECT * FROM "_l1_Acts") AS _r ON _l."AlertId" IS NOT DISTINCT FROM _r."AlertId"),
     _s2 AS (SELECT "AlertId", "EscalationPath", "RaisedAt", "AlertId1", "ActedAt", CASE WHEN ("ActedAt" IS NULL) THEN CAST(NULL AS DOUBLE) ELSE (epoch(("ActedAt" - "RaisedAt")) / epoch(INTERVAL '1h')) END AS "Hours" FROM _s1),
     _s3 AS (SELECT "EscalationPath" AS "EscalationPath", count(*) AS "Alerts", count(*) FILTER (WHERE ("Hours" IS NOT NULL)) AS "Acted", round(CAST((quantile_disc("Hours", CAST(50 AS BIGINT) / 100.0)) AS DOUBLE), CAST(CAST(1 AS BIGINT) AS INTEGER)) AS "MedianHours", round(CAST((quantile_disc("Hours", CAST(90 AS BIGINT) / 100.0)) AS DOUBLE), CAST(CAST(1 AS BIGINT) AS INTEGER)) AS "P90Hours" FROM _s2 GROUP BY "EscalationPath"),
     _s4 AS (SELECT "EscalationPath", "Alerts", "Acted", "MedianHours", "P90Hours", round(CAST(((CAST(100.0 AS DOUBLE) * "Acted") / "Alerts") AS DOUBLE), CAST(CAST(1 AS BIGINT) AS INTEGER)) AS "ActedPercent" FROM _s3),
     _s5 AS (SELECT * FROM _s4 ORDER BY "EscalationPath" ASC NULLS FIRST)
SELECT * FROM _s5
